#pragma once

// Small JPEGs for tests, written with libjpeg at full quality.

#include <cstdio>
// jpeglib.h needs size_t and FILE, which it does not include.
#include <jpeglib.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace sid {

// `pixels`: height x width x channels bytes, 3 channels (red, green, blue), 1 (gray) or 4 (CMYK).
inline std::string EncodeJpeg(const std::vector<uint8_t>& pixels, int height, int width, int channels,
                              bool progressive = false) {
  jpeg_compress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_height = height;
  jpeg.image_width = width;
  jpeg.input_components = channels;
  jpeg.in_color_space = channels == 3 ? JCS_RGB : channels == 1 ? JCS_GRAYSCALE : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  for (int i = 0; i < channels; ++i) jpeg.comp_info[i].h_samp_factor = jpeg.comp_info[i].v_samp_factor = 1;
  if (progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = const_cast<uint8_t*>(pixels.data()) + size_t{jpeg.next_scanline} * width * channels;
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string encoded(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return encoded;
}

// One color everywhere: a JPEG keeps it to within a gray level or two.
inline std::string EncodeJpeg(uint8_t red, uint8_t green, uint8_t blue, int side = 64) {
  std::vector<uint8_t> pixels;
  for (int i = 0; i < side * side; ++i) pixels.insert(pixels.end(), {red, green, blue});
  return EncodeJpeg(pixels, side, side, 3);
}

}  // namespace sid
