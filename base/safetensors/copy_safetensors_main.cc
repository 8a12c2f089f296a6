// copy_safetensors FROM TO: loads a file and saves what it held, so that safetensors_python_test.py can compare the
// two.

#include "base/safetensors/safetensors.h"
#include "third_party/logging/logging.h"

int main(int argc, char** argv) {
  CHECK_EQ(argc, 3);
  const absl::StatusOr<sid::SafetensorsFile> file = sid::LoadSafetensors(argv[1]);
  CHECK(file.ok()) << file.status();
  const absl::Status saved = sid::SaveSafetensors(argv[2], file->tensors, file->metadata);
  CHECK(saved.ok()) << saved;
  return 0;
}
