#include "data/formats/jpeg.h"

#include <atomic>
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs size_t and FILE, which it does not include.
#include <jpeglib.h>
// And this one needs that.
#include <jerror.h>

#include <algorithm>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/machine/process.h"
#include "base/status.h"
#include "data/formats/recognise.h"
#include "third_party/logging/logging.h"

namespace sid {
namespace {

// libjpeg reports by calling back, and leaves by a jump. The jump crosses only functions whose variables need no
// destructor (ReadHeader, ReadPixels); this object lives in their caller, and frees what libjpeg allocated.
struct Decoder {
  jpeg_decompress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  std::jmp_buf escape = {};
  char message[JMSG_LENGTH_MAX] = {};
  bool ends_early = false;  // before the mark of its end

  Decoder() {
    jpeg.err = jpeg_std_error(&errors);
    jpeg.client_data = this;
    errors.error_exit = Leave;
    errors.emit_message = OnWarning;
    jpeg_create_decompress(&jpeg);
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { jpeg_destroy_decompress(&jpeg); }

  [[noreturn]] static void Leave(j_common_ptr jpeg) {
    auto* const decoder = static_cast<Decoder*>(jpeg->client_data);
    jpeg->err->format_message(jpeg, decoder->message);
    std::longjmp(decoder->escape, 1);
  }

  // A level below zero is a warning. Only what costs pixels is an error: libjpeg invents those from there on. Where a file ends too early,
  // that depends on whether any were still to come.
  static void OnWarning(j_common_ptr jpeg, int level) {
    if (level >= 0) return;
    const int code = jpeg->err->msg_code;
    if (code == JWRN_JPEG_EOF) static_cast<Decoder*>(jpeg->client_data)->ends_early = true;
    for (const int loss : {JWRN_HIT_MARKER, JWRN_HUFF_BAD_CODE, JWRN_ARITH_BAD_CODE, JWRN_MUST_RESYNC}) {
      if (code == loss) Leave(jpeg);
    }
  }
};

bool ReadHeader(const std::string& bytes, Decoder* decoder) {
  if (setjmp(decoder->escape) != 0) return false;
  jpeg_mem_src(&decoder->jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&decoder->jpeg, /*require_image=*/TRUE);
  return true;
}

// Whether every bit of every pixel has come, of an image in several scans: of one in a single scan libjpeg says it.
bool HasAllScans(const jpeg_decompress_struct& jpeg) {
  if (jpeg.coef_bits == nullptr) return false;
  for (int color = 0; color < jpeg.num_components; ++color) {
    if (!std::all_of(jpeg.coef_bits[color], jpeg.coef_bits[color] + DCTSIZE2, [](int missing) { return missing == 0; }))
      return false;
  }
  return true;
}

// Row by row, from red, green, blue beside each other to three planes. `row` has room for 3 x width bytes.
bool ReadPixels(Decoder* decoder, uint8_t* row, uint8_t* planes) {
  if (setjmp(decoder->escape) != 0) return false;
  jpeg_decompress_struct& jpeg = decoder->jpeg;
  jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg);
  // It has read all scans where there are several.
  if (decoder->ends_early && jpeg_has_multiple_scans(&jpeg) != FALSE && !HasAllScans(jpeg))
    ERREXIT(&jpeg, JERR_INPUT_EOF);
  const size_t plane_size = size_t{jpeg.output_height} * jpeg.output_width;
  while (jpeg.output_scanline < jpeg.output_height) {
    uint8_t* const out = planes + size_t{jpeg.output_scanline} * jpeg.output_width;
    jpeg_read_scanlines(&jpeg, &row, 1);
    for (size_t x = 0; x < jpeg.output_width; ++x) {
      for (size_t color = 0; color < 3; ++color) out[color * plane_size + x] = row[3 * x + color];
    }
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}

absl::Status DoesNotDecode(const std::string& bytes, const std::string& where, const Decoder& decoder) {
  const std::string other = bytes.substr(0, 2) == "\xff\xd8" ? "" : ItIs(bytes);
  return absl::DataLossError(absl::StrCat(where, ": does not decode as a JPEG: ", decoder.message, other,
                                          "; delete the file and get it again"));
}

// The lowest index of a file that failed, and why.
struct FirstError {
  std::mutex mutex;
  size_t index = 0;
  absl::Status status;

  void Report(size_t failed, absl::Status why) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (!status.ok() && index < failed) return;
    index = failed;
    status = std::move(why);
  }
};

absl::Status DecodeFile(const std::string& path, const at::Tensor& images, size_t index) {
  SID_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  const int64_t image_bytes = images.size(1) * images.size(2) * images.size(3);
  uint8_t* const planes = images.data_ptr<uint8_t>() + static_cast<int64_t>(index) * image_bytes;
  return DecodeJpeg(bytes, path, images.size(2), images.size(3), planes);
}

}  // namespace

absl::Status DecodeJpeg(const std::string& bytes, const std::string& where, int64_t height, int64_t width,
                        uint8_t* planes) {
  Decoder decoder;
  if (!ReadHeader(bytes, &decoder)) return DoesNotDecode(bytes, where, decoder);
  if (decoder.jpeg.image_height != height || decoder.jpeg.image_width != width) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": is an image of ", decoder.jpeg.image_width, "x",
                                                   decoder.jpeg.image_height, " pixels, expected ", width, "x", height,
                                                   "; is it of another data set?"));
  }
  if (decoder.jpeg.jpeg_color_space == JCS_CMYK || decoder.jpeg.jpeg_color_space == JCS_YCCK) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": is a JPEG in the colors of print (CMYK), expected color or gray; convert it to RGB"));
  }
  std::vector<uint8_t> row(3 * width);
  if (!ReadPixels(&decoder, row.data(), planes)) return DoesNotDecode(bytes, where, decoder);
  return absl::OkStatus();
}

absl::Status DecodeJpegFiles(const std::vector<std::string>& paths, int threads, const at::Tensor& images) {
  CHECK(images.is_contiguous() && images.dim() == 4 && images.size(1) == 3);
  CHECK_EQ(images.size(0), static_cast<int64_t>(paths.size()));
  std::atomic<size_t> next = 0;
  std::atomic<bool> failed = false;
  FirstError error;
  // Files are taken in order, and one that is taken is finished: so all before a bad one are looked at too.
  const auto work = [&] {
    while (!failed) {
      const size_t i = next++;
      if (i >= paths.size()) return;
      absl::Status status = DecodeFile(paths[i], images, i);
      if (status.ok()) continue;
      failed = true;
      error.Report(i, std::move(status));
    }
  };
  RunOnThreads(threads, work);
  return error.status;
}

}  // namespace sid
