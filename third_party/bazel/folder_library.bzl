"""A folder's library, whose sources are compiled as one.

Parsing LibTorch's headers and the standard library's takes 5 s of a processor, much more than most files of ours. A folder's sources, one after
the other in one generated file, pay for it once: base/ takes 12 s instead of 30, sid/network/ 41 instead of 81.

Whoever edits wants one file compiled, not its folder: `--config=edit` (a line in user.bazelrc) compiles each source by itself. So do the tools
that look at single files (tools/compile_commands.py, tools/coverage).

Names in the unnamed namespaces of one folder must differ therefore.
"""

load("@rules_cc//cc:cc_library.bzl", "cc_library")

def folder_library(name, srcs, **kwargs):
    """As cc_library.

    Args:
      name: the library's name.
      srcs: its .cc files and the headers that are its own. They include headers by their path from the workspace's root.
      **kwargs: what cc_library takes.
    """
    sources = [s for s in srcs if s.endswith(".cc")]
    headers = [s for s in srcs if not s.endswith(".cc")]
    together = name + "_sources.cc"
    native.genrule(
        name = name + "_sources",
        srcs = sources,
        outs = [together],
        # Errors, warnings, and CHECKs name the source itself.
        cmd = "for source in $(SRCS); do printf '#line 1 \"%s\"\\n' $$source; cat $$source; done >$@",
        testonly = kwargs.get("testonly", False),
        visibility = ["//visibility:private"],
    )
    cc_library(
        name = name,
        srcs = headers + select({
            "//third_party/bazel:each_source": sources,
            "//conditions:default": [together],
        }),
        **kwargs
    )
