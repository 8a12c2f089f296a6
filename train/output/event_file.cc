#include "train/output/event_file.h"

#include <array>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"

namespace sid {
namespace {

// One table row for each value of a byte; the polynomial's bits are reversed, as the bits of the data are.
constexpr std::array<uint32_t, 256> CrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1) != 0 ? 0x82f63b78U : 0U);
    table[byte] = remainder;
  }
  return table;
}

template <typename Number>
std::string LittleEndian(Number number) {
  uint64_t bits = 0;
  std::memcpy(&bits, &number, sizeof(number));
  std::string bytes;
  for (size_t k = 0; k < sizeof(number); ++k) bytes.push_back(static_cast<char>(bits >> (8 * k)));
  return bytes;
}

std::string Varint(uint64_t number) {
  std::string bytes;
  for (; number >= 128; number >>= 7) bytes.push_back(static_cast<char>(number | 128));
  bytes.push_back(static_cast<char>(number));
  return bytes;
}

// A protobuf field's key holds its number and how its value is stored.
enum class Wire : uint64_t { kVarint = 0, kEightBytes = 1, kLengthDelimited = 2, kFourBytes = 5 };
std::string Key(uint64_t field, Wire wire) { return Varint(field << 3 | static_cast<uint64_t>(wire)); }
std::string Field(uint64_t field, double value) { return Key(field, Wire::kEightBytes) + LittleEndian(value); }
std::string Field(uint64_t field, float value) { return Key(field, Wire::kFourBytes) + LittleEndian(value); }
std::string Field(uint64_t field, int64_t value) {
  return Key(field, Wire::kVarint) + Varint(static_cast<uint64_t>(value));
}
std::string Field(uint64_t field, const std::string& bytes) {
  return absl::StrCat(Key(field, Wire::kLengthDelimited), Varint(bytes.size()), bytes);
}

std::string MaskedCrc(std::string_view bytes) {
  const uint32_t crc = Crc32c(bytes);
  return LittleEndian(((crc >> 15) | (crc << 17)) + 0xa282ead8U);
}

}  // namespace

uint32_t Crc32c(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = CrcTable();
  uint32_t crc = ~0U;
  for (const char byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(byte)) & 255];
  return ~crc;
}

absl::StatusOr<EventFile> EventFile::Open(const std::string& path, double wall_time) {
  EventFile file(path);
  std::error_code none;
  if (std::filesystem::file_size(path, none) > 0 && !none) return file;
  SID_RETURN_IF_ERROR(file.Write(Field(1, wall_time) + Field(3, std::string("brain.Event:2"))));
  return file;
}

absl::Status EventFile::Add(int64_t step, double wall_time, const std::vector<Scalar>& scalars) {
  std::string summary;
  for (const Scalar& scalar : scalars) {
    summary += Field(1, Field(1, scalar.tag) + Field(2, static_cast<float>(scalar.value)));
  }
  return Write(Field(1, wall_time) + Field(2, step) + Field(5, summary));
}

absl::Status EventFile::Write(std::string_view event) {
  const std::string length = LittleEndian(static_cast<uint64_t>(event.size()));
  return AppendToFile(path_, absl::StrCat(length, MaskedCrc(length), std::string(event), MaskedCrc(event)));
}

}  // namespace sid
