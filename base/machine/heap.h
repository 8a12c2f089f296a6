#pragma once

namespace sid {

// From here on, memory that LibTorch's CPU tensors gave back stays with the process. By default the C library returns blocks of more than
// 32 MB to the system at once and fetches them again, zeroed page by page, in every training step: a sixth to a fifth of a step of the
// SimpleCNN extractor's time (B = 128, 3x32x32 images).
void KeepFreedMemory();

}  // namespace sid
