#include "data/fetch/catalogue.h"

#include "base/names.h"

namespace sid {
namespace {

// Sizes and SHA-256 of CIFAR and MNIST: TensorFlow Datasets,
// tensorflow_datasets/url_checksums/{cifar10,cifar100,mnist}.txt; CIFAR's own page,
// https://www.cs.toronto.edu/~kriz/cifar.html, publishes MD5 only (c32a1d4ab5d03f1284b67883e8d87530 and
// 03b5dce01913d631647c71ecec9e9cb8 for the same two files). Tiny-ImageNet's publisher states none: its size and MD5 are
// the ones that several widely used loaders check with, among them Avalanche's
// (avalanche/benchmarks/datasets/tiny_imagenet). MNIST's own server refuses downloads; the address is the mirror that
// TensorFlow Datasets uses.
constexpr char kMnistMirror[] = "https://storage.googleapis.com/cvdf-datasets/mnist/";

Checksum Sha256(const char* hex) { return {ChecksumKind::kSha256, hex}; }

OfficialDataset Cifar10() {
  constexpr int64_t kRecordBytes = 1 + 3072;
  constexpr int64_t kBatchBytes = 10000 * kRecordBytes;
  return {"cifar10",
          "cifar-10-batches-bin",
          {{"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", 170052171,
            Sha256("c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")}},
          /*is_archive=*/true,
          {{"batches.meta.txt", kAnySize},
           {"data_batch_1.bin", kBatchBytes},
           {"data_batch_2.bin", kBatchBytes},
           {"data_batch_3.bin", kBatchBytes},
           {"data_batch_4.bin", kBatchBytes},
           {"data_batch_5.bin", kBatchBytes},
           {"test_batch.bin", kBatchBytes}}};
}

OfficialDataset Cifar100() {
  constexpr int64_t kRecordBytes = 2 + 3072;
  return {"cifar100",
          "cifar-100-binary",
          {{"https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz", 168513733,
            Sha256("58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec")}},
          /*is_archive=*/true,
          {{"coarse_label_names.txt", kAnySize},
           {"fine_label_names.txt", kAnySize},
           {"train.bin", 50000 * kRecordBytes},
           {"test.bin", 10000 * kRecordBytes}}};
}

OfficialDataset TinyImagenet() {
  return {"tiny-imagenet",
          "tiny-imagenet-200",
          {{"http://cs231n.stanford.edu/tiny-imagenet-200.zip",
            248100043,
            {ChecksumKind::kMd5, "90528d7ca1a48142e341f4ef8d21d0de"}}},
          /*is_archive=*/true,
          {{"wnids.txt", 2000}, {"words.txt", kAnySize}, {"val/val_annotations.txt", kAnySize}}};
}

OfficialDataset Mnist() {
  const std::string mirror = kMnistMirror;
  return {"mnist",
          "mnist",
          {{mirror + "train-images-idx3-ubyte.gz", 9912422,
            Sha256("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609")},
           {mirror + "train-labels-idx1-ubyte.gz", 28881,
            Sha256("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c")},
           {mirror + "t10k-images-idx3-ubyte.gz", 1648877,
            Sha256("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6")},
           {mirror + "t10k-labels-idx1-ubyte.gz", 4542,
            Sha256("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6")}},
          /*is_archive=*/false,
          {}};
}

}  // namespace

const std::vector<OfficialDataset>& Catalogue() {
  static const auto* const kAll = new std::vector<OfficialDataset>{Cifar10(), Cifar100(), TinyImagenet(), Mnist()};
  return *kAll;
}

absl::StatusOr<OfficialDataset> FindOfficialDataset(const std::string& name) {
  std::vector<std::string> names;
  for (const OfficialDataset& dataset : Catalogue()) {
    if (dataset.name == name) return dataset;
    names.push_back(dataset.name);
  }
  return UnknownName("data set", name, names);
}

}  // namespace sid
