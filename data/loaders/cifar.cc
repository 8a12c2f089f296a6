#include "data/loaders/cifar.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "data/loaders/source_folder.h"

namespace sid {
namespace {

struct Format {
  std::string dataset;
  std::vector<std::string> folders;
  std::vector<std::pair<std::string, std::string>> others;  // as SourceLayout
  std::vector<std::string> train_files;
  int64_t train_file_examples;
  std::string test_file;
  int64_t test_file_examples;
  std::string names_file;
  std::vector<int> label_limits;  // how many values each label byte of a record may have; the last one is the class

  int64_t classes() const { return label_limits.back(); }
  int64_t record_bytes() const { return static_cast<int64_t>(label_limits.size()) + kCifarPixelBytes; }
};

// {name, what it is} of the other versions, by how the official site calls them: "cifar-10", "cifar-10-batches-py".
std::vector<std::pair<std::string, std::string>> OtherVersions(const std::string& set, const std::string& python,
                                                               const std::string& matlab, const char* python_file) {
  const std::string needed = absl::StrCat(" version of ", absl::AsciiStrToUpper(set), ": the binary version is needed");
  const std::string packed = "the archive, which is not unpacked: `tar xf` does that";
  return {{python, "the Python" + needed},
          {python_file, "of the Python" + needed},
          {set + "-python.tar.gz", "of the Python" + needed},
          {matlab, "the Matlab" + needed},
          {set + "-binary.tar.gz", packed},
          {set + "-binary.tar", packed}};
}

const Format& Cifar10() {
  static const Format* const format =
      new Format{"cifar10",
                 {"cifar-10-batches-bin", "cifar-10-binary", "cifar10"},
                 OtherVersions("cifar-10", "cifar-10-batches-py", "cifar-10-batches-mat", "data_batch_1"),
                 {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
                 10000,
                 "test_batch.bin",
                 10000,
                 "batches.meta.txt",
                 {10}};
  return *format;
}

const Format& Cifar100() {
  static const Format* const format =
      new Format{"cifar100",
                 {"cifar-100-binary", "cifar100"},
                 OtherVersions("cifar-100", "cifar-100-python", "cifar-100-matlab", "meta"),
                 {"train.bin"},
                 50000,
                 "test.bin",
                 10000,
                 "fine_label_names.txt",
                 {20, 100}};
  return *format;
}

absl::Status LabelOutOfRange(const std::string& dataset, const std::string& path, int64_t example, int label,
                             int limit) {
  return absl::DataLossError(absl::StrCat(dataset, ": ", path, ": example ", example, " has label ", label,
                                          ", but labels there go from 0 to ", limit - 1,
                                          "; the file is damaged: ", FetchHint(dataset)));
}

absl::StatusOr<Examples> ReadPart(const Format& format, const std::vector<std::string>& paths, int64_t file_examples) {
  const int64_t examples = file_examples * static_cast<int64_t>(paths.size());
  Examples part{at::empty({examples, 3, 32, 32}, at::kByte), at::empty({examples}, at::kLong)};
  uint8_t* images = part.images.data_ptr<uint8_t>();
  int64_t* labels = part.labels.data_ptr<int64_t>();
  for (const std::string& path : paths) {
    SID_RETURN_IF_ERROR(ReadCifarRecords(format.dataset, path, format.label_limits, file_examples, images, labels));
    images += file_examples * kCifarPixelBytes;
    labels += file_examples;
  }
  return part;
}

absl::StatusOr<std::vector<std::string>> ReadClassNames(const Format& format, const std::string& path) {
  SID_ASSIGN_OR_RETURN(std::vector<std::string> names, ReadLines(format.dataset, path));
  if (static_cast<int64_t>(names.size()) == format.classes()) return names;
  return absl::DataLossError(absl::StrCat(format.dataset, ": ", path, " names ", names.size(), " classes, expected ",
                                          format.classes(), "; ", FetchHint(format.dataset)));
}

absl::StatusOr<Dataset> Load(const Format& format, const std::string& data_dir) {
  std::vector<std::string> files = format.train_files;
  files.push_back(format.test_file);
  SID_ASSIGN_OR_RETURN(const std::string folder,
                       FindSourceFolder({format.dataset, format.folders, files, format.others}, data_dir));
  std::vector<std::string> train_paths;
  for (const std::string& file : format.train_files) train_paths.push_back(absl::StrCat(folder, "/", file));
  const std::string test_path = absl::StrCat(folder, "/", format.test_file);

  // All sizes before the first byte: the last file's absence should not take a second to come out.
  for (const std::string& path : train_paths)
    SID_RETURN_IF_ERROR(CheckFileSize(format.dataset, path, format.train_file_examples * format.record_bytes()));
  SID_RETURN_IF_ERROR(CheckFileSize(format.dataset, test_path, format.test_file_examples * format.record_bytes()));

  Dataset dataset;
  dataset.name = format.dataset;
  SID_ASSIGN_OR_RETURN(dataset.class_names, ReadClassNames(format, absl::StrCat(folder, "/", format.names_file)));
  SID_ASSIGN_OR_RETURN(dataset.train, ReadPart(format, train_paths, format.train_file_examples));
  SID_ASSIGN_OR_RETURN(dataset.test, ReadPart(format, {test_path}, format.test_file_examples));
  return dataset;
}

}  // namespace

absl::Status ReadCifarRecords(const std::string& dataset, const std::string& path, const std::vector<int>& label_limits,
                              int64_t examples, uint8_t* images, int64_t* labels) {
  absl::StatusOr<FileReader> file = FileReader::Open(path);
  if (!file.ok()) return SourceError(dataset, file.status());
  const size_t label_bytes = label_limits.size();
  std::vector<uint8_t> record(label_bytes + kCifarPixelBytes);
  for (int64_t example = 0; example < examples; ++example) {
    if (const absl::Status read = file->Read(record.data(), record.size()); !read.ok())
      return absl::Status(read.code(), absl::StrCat(dataset, ": example ", example, ": ", read.message()));
    std::copy(record.begin() + static_cast<int64_t>(label_bytes), record.end(), images + example * kCifarPixelBytes);
    for (size_t i = 0; i < label_bytes; ++i) {
      if (record[i] >= label_limits[i]) return LabelOutOfRange(dataset, path, example, record[i], label_limits[i]);
    }
    labels[example] = record[label_bytes - 1];
  }
  return absl::OkStatus();
}

absl::StatusOr<Dataset> LoadCifar10(const std::string& data_dir) { return Load(Cifar10(), data_dir); }

absl::StatusOr<Dataset> LoadCifar100(const std::string& data_dir) { return Load(Cifar100(), data_dir); }

}  // namespace sid
