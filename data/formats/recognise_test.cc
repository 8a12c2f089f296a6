#include "data/formats/recognise.h"

#include <gtest/gtest.h>

#include "data/formats/gzip_for_tests.h"
#include "data/formats/jpeg_for_tests.h"

namespace sid {
namespace {

TEST(RecogniseFormat, NamesWhatPeopleMistakeForData) {
  EXPECT_EQ(RecogniseFormat(Gzip("text")), "a gzip file");
  EXPECT_EQ(RecogniseFormat(EncodeJpeg(1, 2, 3, 8)), "a JPEG image");
  EXPECT_EQ(RecogniseFormat(std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16)), "a PNG image");
  EXPECT_EQ(RecogniseFormat(std::string(257, '\0') + "ustar"), "a tar archive");
  EXPECT_EQ(RecogniseFormat("\n<!DOCTYPE HTML PUBLIC>"), "an HTML page, perhaps a server's message");
  EXPECT_EQ(RecogniseFormat("RIFF\x10\x02\x03\x04WEBPVP8 "), "a WebP image");
  EXPECT_EQ(ItIs("\x80\x02}q\x01"), " (it is a pickle of Python)");
}

TEST(RecogniseFormat, SaysNothingOfAllElse) {
  for (const std::string& bytes :
       {std::string(), std::string("\0\0\x08\x03", 4), std::string("n01443537\n"), std::string("P")})
    EXPECT_EQ(RecogniseFormat(bytes) + ItIs(bytes), "") << bytes;
}

}  // namespace
}  // namespace sid
