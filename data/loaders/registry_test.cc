#include "data/loaders/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace sid {
namespace {

using testing::AllOf;
using testing::HasSubstr;

DatasetRequest Named(const std::string& name, const std::string& data_dir = "") {
  DatasetRequest request;
  request.name = name;
  request.data_dir = data_dir;
  return request;
}

std::string Error(const DatasetRequest& request) { return std::string(LoadDataset(request).status().message()); }

TEST(Registry, SetsWithoutAFolderComeWithStatistics) {
  for (const char* name : {"mnist-mini", "synthetic"}) {
    const Dataset dataset = LoadDataset(Named(name)).value();
    EXPECT_EQ(dataset.name, name);
    EXPECT_EQ(static_cast<int64_t>(dataset.statistics.mean.size()), dataset.train.images.size(1));
    EXPECT_GT(dataset.statistics.mean[0], 10);
    EXPECT_GT(dataset.statistics.standard_deviation[0], 10);
  }
}

TEST(Registry, TheDefaultIsEmbedded) { EXPECT_EQ(LoadDataset({}).value().name, "mnist-mini"); }

TEST(Registry, AnUnknownNameIsAnErrorWithTheNearestOne) {
  EXPECT_THAT(Error(Named("cifar1O")),
              HasSubstr("unknown data set 'cifar1O'; did you mean 'cifar10'? There are: mnist-"));
}

TEST(Registry, AMissingFolderIsAnErrorThatSaysWhatToDo) {
  for (const std::string name : {"mnist", "cifar10", "cifar100", "tiny-imagenet"}) {
    EXPECT_EQ(Error(Named(name)), "data set " + name +
                                      " needs the folder of its files: --data_dir=DIR; `./tools/bazel run //data:fetch "
                                      "-- --dataset=" +
                                      name + " --out=DIR` downloads it");
    EXPECT_THAT(Error(Named(name, "/nowhere")), AllOf(HasSubstr(name), HasSubstr("no folder /nowhere")));
  }
}

TEST(Registry, EverySetHasAnAugmentation) {
  for (const std::string& name : DatasetNames()) {
    EXPECT_THAT(DefaultAugmentation(name), testing::AnyOf("none", "crop", "crop-flip")) << name;
  }
  EXPECT_EQ(DefaultAugmentation("mnist-mini"), "crop");
  EXPECT_EQ(DefaultAugmentation("cifar100"), "crop-flip");
  EXPECT_EQ(DefaultAugmentation("synthetic"), "none");
}

// The loaders' own tests look at the sets; here, that a name leads to its loader.
TEST(Registry, RealSetsByName) {
  const char* const folder = std::getenv("SID_DATA_DIR");
  if (folder == nullptr)
    GTEST_SKIP() << "real files are tested with --test_env=SID_DATA_DIR=DIR, the folder of the sets";
  for (const char* name : {"cifar10", "cifar100", "tiny-imagenet"}) {
    const Dataset dataset = LoadDataset(Named(name, folder)).value();
    EXPECT_EQ(dataset.name, name);
    EXPECT_EQ(dataset.statistics.mean.size(), 3u);
  }
}

}  // namespace
}  // namespace sid
