#pragma once

// The default data set, which every binary carries in itself: the 10,000 official test images of MNIST, of which 8,500
// serve to train and 1,500 to test. Which ones is part of the set's definition, so no seed of a run changes it.

#include "data/dataset.h"

namespace sid {

// Images [8500,1,28,28] to train and [1500,1,28,28] to test. The statistics are left to the caller.
Dataset LoadMnistMini();

}  // namespace sid
