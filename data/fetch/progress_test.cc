#include "data/fetch/progress.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace sid {
namespace {

struct Step {
  int64_t bytes;
  double seconds;
};

// What is printed for a file of 100 MB.
std::string Printed(bool is_terminal, const std::vector<Step>& steps) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* const out = open_memstream(&text, &size);
  double seconds = 0;
  DownloadProgress progress("a.zip", 100000000, is_terminal, out, [&] { return seconds; });
  for (const Step& step : steps) {
    seconds = step.seconds;
    progress.Update(step.bytes);
  }
  progress.Finish();
  std::fclose(out);
  std::string printed(text, size);
  std::free(text);
  return printed;
}

TEST(DownloadProgress, PlainLinesForEveryTenth) {
  EXPECT_EQ(Printed(false, {{1000000, 5}, {9000000, 6}, {21000000, 7}, {24000000, 8}, {100000000, 10}}),
            "a.zip   21 %   21.0 of 100.0 MB  10.0 MB/s  8 s left\n"
            "a.zip  100 %  100.0 of 100.0 MB  19.8 MB/s  0 s left\n");
}

TEST(DownloadProgress, ATerminalLineIsRedrawnAFewTimesASecond) {
  EXPECT_EQ(Printed(true, {{10000000, 5}, {11000000, 5.1}, {30000000, 6}, {100000000, 6.1}}),
            "\ra.zip   10 %   10.0 of 100.0 MB\x1b[K"
            "\ra.zip   30 %   30.0 of 100.0 MB  20.0 MB/s  4 s left\x1b[K"
            "\ra.zip  100 %  100.0 of 100.0 MB  81.8 MB/s  0 s left\x1b[K\n");
}

TEST(DownloadProgress, AResumedDownloadsSpeedIsThatOfThisCall) {
  EXPECT_EQ(Printed(false, {{51000000, 5}, {61000000, 6}}), "a.zip   61 %   61.0 of 100.0 MB  10.0 MB/s  4 s left\n");
}

TEST(DownloadProgress, AFileThatStartsAnewIsMeasuredAnew) {
  EXPECT_EQ(Printed(false, {{51000000, 5}, {1000000, 10}, {11000000, 11}}),
            "a.zip   11 %   11.0 of 100.0 MB  10.0 MB/s  9 s left\n");
}

TEST(DownloadProgress, NothingUpdatedPrintsNothing) { EXPECT_EQ(Printed(true, {}), ""); }

}  // namespace
}  // namespace sid
