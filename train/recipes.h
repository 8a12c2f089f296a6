#pragma once

// Recipes: settings that the literature trains networks by, as a start that other flags change.
//
//   name      from                                             says                                       here
//   paper     the authors' released code                       CIFAR-100, L = 8: 56.95 % in 100 epochs     Adam, no decay
//   sgd       He et al. 2016, section 4.2                      the usual step schedule
//   resnet9   DAWNBench, davidcpage/cifar10-fast               ResNet-9: 94 % on CIFAR-10 in 24 epochs     to be confirmed at full size
//   resnet18  kuangliu/pytorch-cifar                           ResNet-18: 95 % on CIFAR-10 in 200 epochs   to be confirmed
//
// resnet9's source multiplies the logits by 0.125: of a linear head that is --feature_scale, which all heads of every learner have. Its learning
// rate, 0.4 / 512, and its decay, 5e-4 * 512, are of the batch's summed loss: 0.4 and 5e-4 of the mean, as here. From it differ: smoothed
// labels (it has none), a head with a bias, scales and biases that do not decay, cutout that may reach over the border, an epoch's last
// batch, which it leaves out. The same are initialisation, batch normalisation, Nesterov's momentum, schedule, crops and flips.
//
// Weight decay here is decoupled from the momentum: what those programs call 5e-4, added to the gradient, is 5e-4 / (1 - 0.9) here.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "train/config.h"

namespace sid {

// "none" (the defaults), "paper", "sgd", "resnet9", "resnet18".
std::vector<std::string> RecipeNames();
absl::StatusOr<TrainConfig> RecipeConfig(const std::string& name);

}  // namespace sid
