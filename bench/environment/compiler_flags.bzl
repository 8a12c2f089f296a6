"""A header with the flags that C++ is compiled with here, as a string: a benchmark's result names them."""

load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")

_HEADER = """#pragma once

// Written by the build: see compiler_flags.bzl.
namespace sid {{
inline constexpr char kCompilerFlags[] = "{}";
}}  // namespace sid
"""

def _compiler_flags_impl(ctx):
    toolchain = find_cc_toolchain(ctx)
    features = cc_common.configure_features(ctx = ctx, cc_toolchain = toolchain)
    cpp = ctx.fragments.cpp
    variables = cc_common.create_compile_variables(
        feature_configuration = features,
        cc_toolchain = toolchain,
        user_compile_flags = cpp.copts + cpp.cxxopts,
    )
    flags = cc_common.get_memory_inefficient_command_line(
        feature_configuration = features,
        action_name = "c++-compile",
        variables = variables,
    )
    text = " ".join(flags).replace("\\", "\\\\").replace("\"", "\\\"")
    ctx.actions.write(ctx.outputs.header, _HEADER.format(text))

compiler_flags = rule(
    implementation = _compiler_flags_impl,
    attrs = {
        "header": attr.output(mandatory = True),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
    },
    fragments = ["cpp"],
    toolchains = use_cc_toolchain(),
)
