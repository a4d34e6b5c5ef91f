#include "platform/linux/cgroup.h"

#include <gmock/gmock.h>

#include <map>

namespace gilspy::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kV2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kV1 =
    "31 30 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n";

TEST(Cgroup, FoldersUpToTheMount) {
  EXPECT_THAT(cpu_cgroup_folders("0::/a.slice/b.service\n", kV2),
              ElementsAre("/sys/fs/cgroup/a.slice/b.service", "/sys/fs/cgroup/a.slice", "/sys/fs/cgroup"));
  EXPECT_THAT(cpu_cgroup_folders("0::/\n", kV2), ElementsAre("/sys/fs/cgroup"));
}

TEST(Cgroup, FirstVersionUsesTheCpuController) {
  EXPECT_THAT(cpu_cgroup_folders("5:cpuset:/x\n4:cpu,cpuacct:/docker/abc\n0::/\n", kV1),
              ElementsAre("/sys/fs/cgroup/cpu,cpuacct/docker/abc", "/sys/fs/cgroup/cpu,cpuacct/docker",
                          "/sys/fs/cgroup/cpu,cpuacct"));
}

TEST(Cgroup, InAContainerTheMountedPartIsTheTop) {
  const char* mounts = "32 30 0:28 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";
  EXPECT_THAT(cpu_cgroup_folders("4:cpu:/docker/abc\n", mounts), ElementsAre("/sys/fs/cgroup/cpu"));
  EXPECT_THAT(cpu_cgroup_folders("4:cpu:/docker/abc/sub\n", mounts),
              ElementsAre("/sys/fs/cgroup/cpu/sub", "/sys/fs/cgroup/cpu"));
}

TEST(Cgroup, OutsideOfWhatIsMounted) {
  EXPECT_THAT(cpu_cgroup_folders("0::/../other\n", kV2), ElementsAre("/sys/fs/cgroup"));
}

TEST(Cgroup, GarbageIsNothing) {
  EXPECT_THAT(cpu_cgroup_folders("", kV2), IsEmpty());
  EXPECT_THAT(cpu_cgroup_folders("nonsense\n:::\n", "nonsense\n - \n"), IsEmpty());
}

TEST(Cgroup, Quotas) {
  EXPECT_EQ(parse_cpu_max("150000 100000\n"), 1.5);
  EXPECT_EQ(parse_cpu_max("max 100000\n"), std::nullopt);
  EXPECT_EQ(parse_cpu_max(""), std::nullopt);
  EXPECT_EQ(parse_cpu_max("100 0\n"), std::nullopt);
  EXPECT_EQ(parse_cfs_quota("50000\n", "100000\n"), 0.5);
  EXPECT_EQ(parse_cfs_quota("-1\n", "100000\n"), std::nullopt);
}

TEST(Cgroup, TheSmallestQuotaCounts) {
  const std::map<std::string, std::string> files = {{"/c/a/cpu.max", "max 100000\n"},
                                                    {"/c/cpu.max", "200000 100000\n"},
                                                    {"/d/cpu.cfs_quota_us", "150000\n"},
                                                    {"/d/cpu.cfs_period_us", "100000\n"}};
  const auto read = [&](const std::string& path) {
    const auto file = files.find(path);
    return file == files.end() ? std::string() : file->second;
  };
  EXPECT_EQ(smallest_quota({"/c/a", "/c"}, read).value().cpus, 2.0);
  EXPECT_EQ(smallest_quota({"/c/a", "/c", "/d"}, read).value().cpus, 1.5);
  EXPECT_EQ(smallest_quota({"/c/a", "/c", "/d"}, read).value().folder, "/d");
  EXPECT_FALSE(smallest_quota({"/c/a"}, read).has_value());
}

TEST(Cgroup, ThrottlingInBothVersions) {
  const auto v2 = parse_cpu_stat("usage_usec 9\nnr_periods 20\nnr_throttled 19\nthrottled_usec 1500\n");
  ASSERT_TRUE(v2.has_value());
  EXPECT_EQ(v2->periods, 20u);
  EXPECT_EQ(v2->throttled_periods, 19u);
  EXPECT_EQ(v2->throttled, std::chrono::microseconds(1500));
  EXPECT_EQ(parse_cpu_stat("nr_periods 3\nnr_throttled 1\nthrottled_time 1500\n")->throttled, Nanos(1500));
  EXPECT_FALSE(parse_cpu_stat("usage_usec 9\n").has_value());
  EXPECT_FALSE(parse_cpu_stat("nr_periods -3\nnonsense\n").has_value());
}

}  // namespace
}  // namespace gilspy::platform
