"""A parser under a fuzzer: by libFuzzer on demand, and over its corpus in every test run."""

load("@rules_cc//cc:cc_binary.bzl", "cc_binary")
load("@rules_cc//cc:cc_library.bzl", "cc_library")
load("@rules_cc//cc:cc_test.bzl", "cc_test")

def fuzz_target(name, deps, corpus):
    """`name`.cc defines LLVMFuzzerTestOneInput.

    Args:
      name: of the libFuzzer program, which builds with --config=fuzz only; `name`_test replays the corpus.
      deps: of the source.
      corpus: the folder of inputs beside the BUILD file, cases once found among them.
    """
    cc_library(
        name = name + "_target",
        testonly = True,
        srcs = [name + ".cc"],
        alwayslink = True,
        deps = deps,
    )

    # tools/fuzz finds these by their tag.
    cc_binary(
        name = name,
        testonly = True,
        linkopts = ["-fsanitize=fuzzer"],
        tags = [
            "fuzz",
            "manual",
        ],
        deps = [name + "_target"],
    )
    cc_test(
        name = name + "_test",
        size = "small",
        args = [native.package_name() + "/" + corpus],
        data = native.glob([corpus + "/**"]),
        deps = [
            name + "_target",
            "//base/fuzzing:replay_main",
        ],
    )
