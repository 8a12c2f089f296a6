#include "data/mnist_mini/embedded.h"

// Defined in embedded.S.
extern "C" {
extern const char sid_mnist_images_begin[];
extern const char sid_mnist_images_end[];
extern const char sid_mnist_labels_begin[];
extern const char sid_mnist_labels_end[];
}

namespace sid {

std::string_view EmbeddedMnistImages() {
  return {sid_mnist_images_begin, static_cast<size_t>(sid_mnist_images_end - sid_mnist_images_begin)};
}

std::string_view EmbeddedMnistLabels() {
  return {sid_mnist_labels_begin, static_cast<size_t>(sid_mnist_labels_end - sid_mnist_labels_begin)};
}

}  // namespace sid
