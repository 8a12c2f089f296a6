#include "train/config.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "train/fields.h"

namespace sid {
namespace {

absl::StatusOr<TrainConfig> Parse(std::vector<const char*> arguments, std::string* help) {
  arguments.insert(arguments.begin(), "train");
  return ConfigFromFlags(static_cast<int>(arguments.size()), arguments.data(), help);
}

// The order is part of the names of results, so it is written down here once more.
TEST(ConfigFromFlags, EachFlagSetsItsOwnOptionAndTheNextCallBeginsAnew) {
  std::string help;
  const auto config = Parse({"--learner=bp-head",
                             "--dataset=mnist",
                             "--data_dir=/data",
                             "--depth=1",
                             "--hidden=2",
                             "--features=3",
                             "--initialisation=xavier",
                             "--belief_update=residual",
                             "--alpha=1",
                             "--divergence=reverse",
                             "--smoothing=0.25",
                             "--executor=serial",
                             "--precision=bf16",
                             "--nocapture",
                             "--chunk=5",
                             "--extractor_gradient=mean",
                             "--train_images=6",
                             "--label_noise=0.5",
                             "--validation_fraction=0.75",
                             "--augmentation=crop",
                             "--epochs=7",
                             "--batch_size=8",
                             "--optimizer=sgd",
                             "--lr=9.5",
                             "--schedule=step",
                             "--warmup_epochs=10.5",
                             "--weight_decay=11.5",
                             "--momentum=0.125",
                             "--clip_norm=12.5",
                             "--seed=13",
                             "--device=cpu",
                             "--threads=14",
                             "--deterministic",
                             "--probe_every=15",
                             "--out=/out",
                             "--checkpoint_every=16",
                             "--keep_checkpoints=17",
                             "--resume",
                             "--on_nan=rollback",
                             "--network=vgg11",
                             "--width=18",
                             "--partition=even:2",
                             "--head=conv",
                             "--nobelief_input",
                             "--inner_weight=19.5",
                             "--recompute",
                             "--overlap",
                             "--noisy_validation",
                             "--pipeline=3",
                             "--streams",
                             "--micro_batches=21",
                             "--rank_timeout=4",
                             "--feature_scale=0.125",
                             "--join_timeout=5",
                             "--weights=/w"},
                            &help);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(
      ToJson(*config).dump(),
      R"({"learner":"bp-head","dataset":"mnist","data_dir":"/data","depth":1,"hidden":2,"features":3,)"
      R"("initialisation":"xavier","belief_update":"residual","alpha":"1","divergence":"reverse","smoothing":0.25,)"
      R"("executor":"serial","precision":"bf16","capture":false,"chunk":5,)"
      R"("extractor_gradient":"mean","train_images":6,"label_noise":0.5,"validation_fraction":0.75,)"
      R"("augmentation":"crop","epochs":7,"batch_size":8,"optimizer":"sgd","lr":9.5,"schedule":"step",)"
      R"("warmup_epochs":10.5,"weight_decay":11.5,"momentum":0.125,"clip_norm":12.5,"seed":13,"device":"cpu",)"
      R"("threads":14,"deterministic":true,"probe_every":15,"checkpoint_every":16,"keep_checkpoints":17,)"
      R"("on_nan":"rollback","network":"vgg11","width":18,"partition":"even:2","head":"conv","belief_input":false,)"
      R"("inner_weight":19.5,"recompute":true,"weights":"/w","overlap":true,"noisy_validation":true,"micro_batches":21,"feature_scale":0.125})");
  EXPECT_EQ(config->out, "/out");
  EXPECT_EQ(config->pipeline, 3);
  EXPECT_TRUE(config->streams);
  EXPECT_EQ(config->rank_timeout, 4);
  EXPECT_EQ(config->join_timeout, 5);
  EXPECT_TRUE(config->resume);
  EXPECT_TRUE(Validate(*config).ok());
  const auto defaults = Parse({}, &help);
  EXPECT_EQ(ToJson(*defaults), ToJson(TrainConfig()));
  EXPECT_EQ(defaults->out, "");
}

TEST(ConfigFromFlags, OtherFlagsChangeARecipeWhereverTheyStand) {
  std::string help;
  const TrainConfig recipe = Parse({"--recipe=resnet9"}, &help).value();
  EXPECT_EQ(recipe.network, "resnet9");
  EXPECT_EQ(recipe.epochs, 24);
  const std::vector<std::vector<const char*>> orders{{"--epochs=3", "--recipe=resnet9"},
                                                     {"--recipe=resnet9", "--epochs=3"}};
  for (const auto& arguments : orders) {
    const TrainConfig changed = Parse(arguments, &help).value();
    EXPECT_EQ(changed.epochs, 3);
    EXPECT_EQ(changed.network, "resnet9");
    EXPECT_EQ(changed.schedule, "one-cycle");
  }
  EXPECT_NE(Parse({"--recipe=resnet"}, &help).status().message().find("'resnet9'"), absl::string_view::npos);
  for (const std::string& name : RecipeNames()) EXPECT_TRUE(Validate(RecipeConfig(name).value()).ok()) << name;
}

TEST(ConfigFromFlags, HelpShowsTopicsInOrderAndEveryName) {
  std::string help;
  ASSERT_TRUE(Parse({"--help"}, &help).ok());
  size_t at = 0;
  for (const char* topic : kTopics) {
    const size_t next = help.find(absl::StrCat("\n\n", topic, ":\n  --"));
    ASSERT_NE(next, std::string::npos) << topic;
    EXPECT_GE(next, at) << topic;
    at = next;
  }
  EXPECT_NE(
      help.find(
          "  --schedule=<text>  (default: cosine)\n      of the learning rate: constant, step, cosine, one-cycle\n"),
      std::string::npos);
  const TrainConfig config;
  VisitFields(config, [&](const auto&, const Field& field) {
    const size_t begin = help.find(absl::StrCat("  --", field.name, "=")), end = help.find("\n  --", begin);
    const auto* const names = std::get_if<Names>(&field.allowed);
    for (const std::string& name : names == nullptr ? Names{} : *names) {
      EXPECT_LT(help.find(name, help.find('\n', begin)), end) << "--" << field.name << "'s help has no " << name;
    }
  });
}

std::string ErrorOf(const TrainConfig& config) { return std::string(Validate(config).message()); }

TEST(Validate, TheDefaultsAreFine) { EXPECT_EQ(ErrorOf({}), ""); }

// Each of these is a number that a flag takes, and would allocate, overflow or loop for ever.
TEST(Validate, HugeNumbersAreNamed) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(ErrorOf({.depth = 1'000'000'000}), "--depth=1000000000 is out of range: it must be from 1 to 100000");
  EXPECT_EQ(ErrorOf({.hidden = kHuge}).find("--hidden="), 0u);
  EXPECT_EQ(ErrorOf({.features = kHuge}).find("--features="), 0u);
  EXPECT_EQ(ErrorOf({.epochs = kHuge}).find("--epochs="), 0u);
  EXPECT_EQ(ErrorOf({.batch_size = kHuge}).find("--batch_size="), 0u);
  EXPECT_EQ(ErrorOf({.warmup_epochs = 1e300}).find("--warmup_epochs="), 0u);
  EXPECT_EQ(ErrorOf({.threads = int64_t{1} << 32}).find("--threads="), 0u);
}

TEST(Validate, WhatIsNoNumberIsNamed) {
  for (const double value : std::vector<double>{NAN, INFINITY, -INFINITY, -1}) {
    EXPECT_EQ(ErrorOf({.smoothing = value}).find("--smoothing="), 0u);
    EXPECT_EQ(ErrorOf({.label_noise = value}).find("--label_noise="), 0u);
    EXPECT_EQ(ErrorOf({.learning_rate = value}).find("--lr="), 0u);
    EXPECT_EQ(ErrorOf({.warmup_epochs = value}).find("--warmup_epochs="), 0u);
    EXPECT_EQ(ErrorOf({.weight_decay = value}).find("--weight_decay="), 0u);
    EXPECT_EQ(ErrorOf({.momentum = value}).find("--momentum="), 0u);
    EXPECT_EQ(ErrorOf({.clip_norm = value}).find("--clip_norm="), 0u);
  }
}

TEST(Validate, NamesThatThereAreNotHaveTheNearest) {
  EXPECT_EQ(ErrorOf({.optimizer = "adm"}),
            "unknown --optimizer 'adm'; did you mean 'adam'? There are: adam, adamw, sgd");
}

// Of a fraction, 1 is the first number that is too much, and of a rate 0 the last that is too little.
TEST(Validate, TheEndsOfRanges) {
  EXPECT_EQ(ErrorOf({.smoothing = std::nextafter(1.0, 0.0), .learning_rate = 1e-300}), "");
  EXPECT_EQ(ErrorOf({.smoothing = 1}), "--smoothing=1 is out of range: it must be in [0, 1)");
  EXPECT_EQ(ErrorOf({.learning_rate = 0}), "--lr=0 is out of range: it must be above 0");
  EXPECT_EQ(ErrorOf({.weight_decay = -1}), "--weight_decay=-1 is out of range: it must be 0 or more");
  EXPECT_EQ(ErrorOf({.warmup_epochs = 1e9, .threads = 4096}), "");
  EXPECT_EQ(ErrorOf({.warmup_epochs = 2e9}), "--warmup_epochs=2e+09 is out of range: it must be from 0 to 1000000000");
}

}  // namespace
}  // namespace sid
