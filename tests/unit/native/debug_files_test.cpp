#include "src/native/debug_files.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/native/probe_files.h"

namespace gilspy::native {
namespace {

const std::string kDebugFile = GILSPY_STRIPPED_PROBE ".debug";

TEST(DebugLink, OfALibraryWithDebuggingInformation) {
  const DebugLink link = debug_link_of(content_of(GILSPY_PROBE));
  EXPECT_EQ(link.build_id.size(), 20U);
  EXPECT_EQ(link.file, "");
  EXPECT_TRUE(link.has_own);
}

TEST(DebugLink, OfAStrippedOne) {
  const DebugLink link = debug_link_of(content_of(GILSPY_STRIPPED_PROBE));
  EXPECT_EQ(link.build_id, debug_link_of(content_of(GILSPY_PROBE)).build_id);
  EXPECT_EQ(link.file, "probe.so.debug");
  EXPECT_FALSE(link.has_own);
}

TEST(DebugLink, OfWhatWasStripped) {
  const DebugLink link = debug_link_of(content_of(kDebugFile));
  EXPECT_EQ(link.build_id, debug_link_of(content_of(GILSPY_PROBE)).build_id);
  EXPECT_TRUE(link.has_own);
}

TEST(DebugLink, OfAnotherBuild) {
  EXPECT_NE(debug_link_of(content_of(GILSPY_OTHER_PROBE)).build_id, debug_link_of(content_of(GILSPY_PROBE)).build_id);
}

TEST(DebugLink, OfNoElfFile) {
  const std::string_view text = "#!/bin/sh\n";
  for (const auto& bytes : {std::as_bytes(std::span(text)), std::span<const std::byte>{}}) {
    const DebugLink link = debug_link_of(bytes);
    EXPECT_TRUE(link.build_id.empty() && link.file.empty() && !link.has_own);
  }
}

class DebugFiles : public ::testing::Test {
 protected:
  DebugFiles() { ::unsetenv("DEBUGINFOD_URLS"); }

  TemporaryFolder folder_;
  std::string root_ = folder_.path() + "/root";
  std::string library_ = "/lib/probe.so";  // as the process sees it
  DebugLink link_ = debug_link_of(content_of(folder_.copy(GILSPY_STRIPPED_PROBE, "root/lib/probe.so")));

  std::string in_root_by_build_id() const {
    std::string id;
    for (const std::byte byte : link_.build_id) {
      for (const unsigned digit : {std::to_integer<unsigned>(byte) >> 4, std::to_integer<unsigned>(byte) & 15U}) {
        id += "0123456789abcdef"[digit];
      }
    }
    return "root/usr/lib/debug/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug";
  }
  bool is_found() const {
    const auto file = find_debug_file(link_, library_, root_);
    if (file == nullptr) return false;
    const auto expected = content_of(kDebugFile);
    return std::ranges::equal(file->bytes(), expected);
  }
};

TEST_F(DebugFiles, BesideTheLibrary) {
  EXPECT_FALSE(is_found());
  folder_.copy(kDebugFile, "root/lib/probe.so.debug");
  EXPECT_TRUE(is_found());
}

TEST_F(DebugFiles, InAFolderBesideTheLibrary) {
  folder_.copy(kDebugFile, "root/lib/.debug/probe.so.debug");
  EXPECT_TRUE(is_found());
}

TEST_F(DebugFiles, ByBuildIdAsTheProcessSeesIt) {
  folder_.copy(kDebugFile, in_root_by_build_id());
  EXPECT_TRUE(is_found());
}

TEST_F(DebugFiles, ByPathAsTheProcessSeesIt) {
  folder_.copy(kDebugFile, "root/usr/lib/debug/lib/probe.so.debug");
  EXPECT_TRUE(is_found());
}

TEST_F(DebugFiles, ThatOfAnotherBuildIsNot) {
  folder_.copy(std::string(GILSPY_OTHER_PROBE) + ".debug", "root/lib/probe.so.debug");
  folder_.copy(std::string(GILSPY_OTHER_PROBE) + ".debug", in_root_by_build_id());
  EXPECT_FALSE(is_found());
  folder_.copy(kDebugFile, "root/lib/.debug/probe.so.debug");
  EXPECT_TRUE(is_found());
}

TEST_F(DebugFiles, WithoutABuildIdANameSaysLittle) {
  folder_.copy(kDebugFile, "root/lib/probe.so.debug");
  link_.build_id.clear();
  EXPECT_FALSE(is_found());
}

TEST_F(DebugFiles, NamesLeadNowhereElse) {
  folder_.copy(kDebugFile, "root/probe.so.debug");
  link_.file = "../probe.so.debug";
  EXPECT_FALSE(is_found());
}

// Of the right build even, but not the process's to show.
TEST_F(DebugFiles, LinksDoNotLeadOutOfTheProcesssRoot) {
  const std::string outside = folder_.copy(kDebugFile, "outside.debug");
  for (const std::string& target : {outside, std::string("../../outside.debug")}) {
    const std::string link = root_ + "/lib/probe.so.debug";
    std::filesystem::create_symlink(target, link);
    EXPECT_FALSE(is_found()) << target;
    std::filesystem::remove(link);
  }
  folder_.copy(kDebugFile, "root/outside.debug");
  std::filesystem::create_symlink("/outside.debug", root_ + "/lib/probe.so.debug");
  EXPECT_TRUE(is_found());  // where the process finds it
}

TEST_F(DebugFiles, WhatLiesBesideAPathOfThatNameHereIsNotLookedAt) {
  library_ = root_ + library_;
  folder_.copy(kDebugFile, "root/lib/probe.so.debug");
  EXPECT_FALSE(is_found());
}

// gdb's own example: objcopy --only-keep-debug a.so .debug/a.so
TEST_F(DebugFiles, OfTheLibrarysOwnName) {
  folder_.copy(kDebugFile, "root/lib/.debug/probe.so");
  link_.file = "probe.so";
  EXPECT_TRUE(is_found());
}

TEST_F(DebugFiles, TheLibraryIsNotItsOwn) {
  link_.file = "probe.so";
  EXPECT_EQ(find_debug_file(link_, library_, root_), nullptr);
}

}  // namespace
}  // namespace gilspy::native
