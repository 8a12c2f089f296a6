#include "base/checksum.h"

#include <openssl/evp.h>

#include <cerrno>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

std::string Hexadecimal(EVP_MD_CTX* context) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  CHECK_EQ(EVP_DigestFinal_ex(context, digest, &length), 1);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), length));
}

const EVP_MD* Algorithm(ChecksumKind kind) { return kind == ChecksumKind::kMd5 ? EVP_md5() : EVP_sha256(); }

}  // namespace

std::string ChecksumName(ChecksumKind kind) { return kind == ChecksumKind::kMd5 ? "md5" : "sha256"; }

absl::StatusOr<Checksum> FileChecksum(const std::string& path, ChecksumKind kind) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", path));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (EVP_DigestInit_ex(context.get(), Algorithm(kind), nullptr) != 1) {
    return absl::UnimplementedError(absl::StrCat("this machine's OpenSSL refuses ", ChecksumName(kind),
                                                 " (a FIPS policy?), which ", path, " is to be checked with"));
  }
  std::vector<char> piece(kPieceBytes);
  while (file.read(piece.data(), kPieceBytes), file.gcount() > 0) {
    CHECK_EQ(EVP_DigestUpdate(context.get(), piece.data(), file.gcount()), 1);
  }
  if (file.bad()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  return Checksum{kind, Hexadecimal(context.get())};
}

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  CHECK_EQ(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr), 1) << "this machine's OpenSSL has no SHA-256";
}

void Sha256::Add(std::string_view bytes) { CHECK_EQ(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()), 1); }

void Sha256::AddText(std::string_view text) {
  const uint64_t size = text.size();
  Add({reinterpret_cast<const char*>(&size), sizeof(size)});
  Add(text);
}

std::string Sha256::Hex() { return Hexadecimal(context_.get()); }

}  // namespace sid
