// The snapshots of fixtures/snapshots, each as a process that a test can sample.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "platform/replay/snapshot.h"
#include "snapshot_file.h"

namespace gilspy::replay {

inline std::filesystem::path folder() { return GILSPY_SNAPSHOTS; }

inline std::vector<std::string> snapshot_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().extension() == ".snapshot") names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

class SnapshotTest : public ::testing::TestWithParam<std::string> {
 protected:
  RuntimeLocation location_;
  FakeTarget target_;

  void SetUp() override {
    const auto snapshot = load(folder() / (GetParam() + ".snapshot"));
    ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message();
    location_ = snapshot->location;
    put_into(target_, *snapshot);
  }
};

// 3.13t as 3_13t: GoogleTest allows no more.
inline std::string test_name(const ::testing::TestParamInfo<std::string>& test) {
  std::string name = test.param;
  std::ranges::replace_if(
      name, [](char c) { return c == '.' || c == '-'; }, '_');
  return name;
}

}  // namespace gilspy::replay
