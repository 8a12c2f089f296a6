#pragma once

// SHA-256, of bytes in memory: our own files carry it.

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's

namespace sid {

// SHA-256 of what is added, piece by piece.
class Sha256 {
 public:
  Sha256();
  void Add(std::string_view bytes);
  // Its length first, then the bytes: texts "ab", "c" and "a", "bc" differ.
  void AddText(std::string_view text);
  // 64 hexadecimal digits, lower case; ends it.
  std::string Hex();

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

// Of bytes in one piece.
std::string Sha256Of(std::string_view bytes);

}  // namespace sid
