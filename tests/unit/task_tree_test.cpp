#include "formats/dump/task_tree.h"

#include <gtest/gtest.h>

namespace gilspy::formats {
namespace {

class TaskTree : public ::testing::Test {
 protected:
  std::size_t add(const std::string& name, const std::string& function, std::vector<std::size_t> awaits = {}) {
    TaskState task;
    task.name = name;
    task.awaits = std::move(awaits);
    if (!function.empty()) task.stack = dump_.table.child(kNoStack, dump_.table.intern({function, "app.py", 1, 1}));
    dump_.tasks.push_back(std::move(task));
    return dump_.tasks.size() - 1;
  }
  std::string text() const {
    return task_tree(dump_, [](const Frame& frame) { return frame.function; });
  }

  Dump dump_;
};

TEST_F(TaskTree, IsEmptyWithoutTasks) { EXPECT_EQ(text(), ""); }

TEST_F(TaskTree, HasWhatIsAwaitedBelowWhoAwaits) {
  const std::size_t child = add("child", "read"), other = add("other", "write");
  add("parent", "main", {child, other});
  EXPECT_EQ(text(),
            "\nasyncio: 3 tasks; below each what it awaits\n"
            "└── parent\n"
            "    main\n"
            "    ├── child\n"
            "    │   read\n"
            "    └── other\n"
            "        write\n");
}

TEST_F(TaskTree, ShowsThoseThatDoTheSameAsOne) {
  for (int i = 1; i <= 1234; ++i) add("Task-" + std::to_string(i), "fetch");
  add("other", "save");
  EXPECT_EQ(text(),
            "\nasyncio: 1,235 tasks; below each what it awaits\n"
            "├── Task-1, Task-2, Task-3 and 1,231 more\n"
            "│   fetch\n"
            "└── other\n"
            "    save\n");
}

TEST_F(TaskTree, ShowsATaskOnceInFull) {
  const std::size_t shared = add("shared", "load");
  add("a", "one", {shared});
  add("b", "two", {shared});
  EXPECT_EQ(text(),
            "\nasyncio: 3 tasks; below each what it awaits\n"
            "├── a\n"
            "│   one\n"
            "│   └── shared\n"
            "│       load\n"
            "└── b\n"
            "    two\n"
            "    └── shared (as above)\n");
}

TEST_F(TaskTree, EndsWhereTasksAwaitEachOther) {
  add("a", "one", {1});
  add("b", "two", {0});
  EXPECT_EQ(text(),
            "\nasyncio: 2 tasks; below each what it awaits\n"
            "└── a\n"
            "    one\n"
            "    └── b\n"
            "        two\n"
            "        └── a (as above)\n");
}

TEST_F(TaskTree, OfManyLevelsIsCut) {
  for (std::size_t i = 0; i < 5000; ++i) add("t", "f", {i + 1});
  add("last", "f");
  EXPECT_NE(text().find("...\n"), std::string::npos);
}

}  // namespace
}  // namespace gilspy::formats
