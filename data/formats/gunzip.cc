#include "data/formats/gunzip.h"

#include <zlib.h>

#include <limits>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// Whether a member begins where one has ended. As gzip(1) does, what follows and is none is left aside: zeros, with which tapes and
// disks fill their blocks, in silence, anything else with a warning.
bool AnotherMember(const z_stream& stream, const std::string& where) {
  const std::string_view rest(reinterpret_cast<const char*>(stream.next_in), stream.avail_in);
  if (rest.substr(0, 2) == "\x1f\x8b") return true;
  if (rest.find_first_not_of('\0') != rest.npos)
    LOG(WARNING) << where << ": " << rest.size() << " bytes after the end of the gzip stream are ignored";
  return false;
}

}  // namespace

bool IsGzip(const std::string& bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && static_cast<uint8_t>(bytes[1]) == 0x8b;
}

int64_t MostGunzipped(int64_t gzipped_bytes) { return 1032 * gzipped_bytes; }

absl::StatusOr<std::string> Gunzip(const std::string& bytes, int64_t limit, const std::string& where) {
  // zlib counts in unsigned ints.
  constexpr auto kMost = std::numeric_limits<uInt>::max();
  CHECK_LE(limit, int64_t{kMost}) << where;
  if (bytes.size() > kMost)
    return absl::DataLossError(absl::StrCat(where, ": has ", bytes.size(), " bytes, too many for a gzipped data set"));
  z_stream stream = {};
  CHECK_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK) << "zlib is out of memory";  // 16: gzip's frame
  const absl::Cleanup end = [&stream] { inflateEnd(&stream); };

  std::string inflated(limit, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(inflated.data());
  stream.avail_out = static_cast<uInt>(limit);
  int result = inflate(&stream, Z_SYNC_FLUSH);
  while (result == Z_STREAM_END && AnotherMember(stream, where)) {
    inflateReset(&stream);
    result = inflate(&stream, Z_SYNC_FLUSH);
  }
  inflated.resize(limit - stream.avail_out);

  const char* wrong = nullptr;
  if (result != Z_STREAM_END && result != Z_OK && result != Z_BUF_ERROR) {
    wrong = stream.msg != nullptr ? stream.msg : "not a gzip stream";
  } else if (result != Z_STREAM_END && stream.avail_out > 0) {
    wrong = "the gzip stream is truncated";
  }
  if (wrong == nullptr) return inflated;
  return absl::DataLossError(absl::StrCat(where, ": cannot unzip: ", wrong, "; delete the file and get it again"));
}

}  // namespace sid
