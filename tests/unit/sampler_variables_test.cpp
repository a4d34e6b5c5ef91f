// Variables of frames: whose they are, which have none, and what is told of those that change meanwhile.
#include "gilspy/memory.h"
#include "src/layout/tables/cpython_3_14t.h"
#include "tests/unit/sampler_fixture.h"

namespace gilspy {
namespace {

using State = FrameVariables::State;
constexpr std::int32_t kFunction = 3;  // co_flags: CO_OPTIMIZED, CO_NEWLOCALS
constexpr std::uint64_t kLong = 1ULL << 24, kType = 1ULL << 31;

class SamplerVariablesTest : public SamplerTest {
 protected:
  SamplerVariablesTest() = default;
  explicit SamplerVariablesTest(const RuntimeLayout& layout) : SamplerTest(layout) {}

  RemoteAddr leaf_ = python_.add_function("leaf", 10);
  RemoteAddr meta_ = add_type("type", kType), int_ = add_type("int", kLong), cell_ = add_type("cell", 0);

  template <typename T>
  void put(RemoteAddr place, const T& value) {
    python_.target.memory.put(place, value);
  }
  RemoteAddr add_type(const std::string& name, std::uint64_t flags) {
    const RemoteAddr type = python_.allocate(1024), text = python_.allocate(64);
    python_.target.memory.put_bytes(type, std::vector<std::byte>(1024));
    python_.target.memory.put_text(text, name + std::string(60, '\0'));
    put(type + python_.layout.object.type, meta_.is_null() ? type : meta_);
    put(type + python_.layout.object.type_name, text);
    put(type + python_.layout.object.type_flags, flags);
    return type;
  }
  RemoteAddr add_number(std::uint32_t value) {
    const RemoteAddr number = python_.allocate(64);
    python_.target.memory.put_bytes(number, std::vector<std::byte>(64));
    put(number + python_.layout.object.type, int_);
    put(number + python_.layout.object.long_size_or_tag, std::uint64_t{1 << 3});
    set_number(number, value);
    return number;
  }
  void set_number(RemoteAddr number, std::uint32_t value) { put(number + python_.layout.object.long_digits, value); }
  RemoteAddr add_cell(RemoteAddr value) {
    const RemoteAddr cell = python_.allocate(64);
    python_.target.memory.put_bytes(cell, std::vector<std::byte>(64));
    put(cell + python_.layout.object.type, cell_);
    put(cell + python_.layout.object.var_size, value);
    return cell;
  }
  void declare(RemoteAddr code, const std::vector<std::string>& names, std::int32_t arguments, std::string_view kinds) {
    python_.name_variables(code, names);
    put(code + python_.layout.code.flags, kFunction);
    put(code + python_.layout.code.arguments, arguments);
    const RemoteAddr bytes = python_.allocate(64 + kinds.size());
    python_.target.memory.put_bytes(bytes, std::vector<std::byte>(64));
    put(bytes + python_.layout.object.var_size, std::uint64_t{kinds.size()});
    python_.target.memory.put_text(bytes + python_.layout.object.bytes_data, kinds);
    put(code + python_.layout.code.local_kinds, bytes);
  }
  // root() calls leaf(number, cell), which has a local variable and one that is not bound.
  void start_with_variables() {
    declare(root_, {"n"}, 1, " ");
    declare(leaf_, {"first", "shared", "local", "unset"}, 2, " @  ");
    start(1);
    python_.set_stack(threads_[0], {{root_, 0}, {leaf_, 1}});
    put(python_.values_of(threads_[0], 0), add_number(1));
    const RemoteAddr values = python_.values_of(threads_[0], 1);
    put(values, number_);
    put(values + 8, add_cell(add_number(7)));
    put(values + 16, add_cell(add_number(8)));
    put(values + 24, RemoteAddr{});
  }
  StackVariables variables(VariableDetail detail = VariableDetail::kShort) {
    python_.target.clear_reads();
    return sampler_->variables(ThreadIndex{0}, detail);
  }

  RemoteAddr number_ = add_number(42);
};

TEST_F(SamplerVariablesTest, OfEachFrame) {
  start_with_variables();
  const StackVariables found = variables();
  ASSERT_EQ(found.frames.size(), 2U);
  EXPECT_EQ(found.quality, StackQuality::kWhole);
  EXPECT_EQ(stacks_.frame(stacks_.leaf(found.stack)).function, "leaf");
  ASSERT_EQ(found.frames[0].variables.size(), 1U);
  EXPECT_EQ(found.frames[0].variables[0].value, "1");
  const auto& leaf = found.frames[1].variables;
  ASSERT_EQ(leaf.size(), 3U);
  EXPECT_EQ(leaf[0].name, "first");
  EXPECT_EQ(leaf[0].value, "42");
  EXPECT_EQ(leaf[0].type, "int");
  EXPECT_TRUE(leaf[0].argument);
  EXPECT_EQ(leaf[1].value, "7") << "what the cell holds";
  EXPECT_TRUE(leaf[1].argument);
  EXPECT_TRUE(leaf[2].value.starts_with("<cell at 0x")) << "a cell as any other object";
  EXPECT_FALSE(leaf[2].argument);
}

TEST_F(SamplerVariablesTest, ThoseThatAreNotBoundWhereMoreIsAskedFor) {
  start_with_variables();
  const auto leaf = variables(VariableDetail::kFull).frames[1].variables;
  ASSERT_EQ(leaf.size(), 4U);
  EXPECT_EQ(leaf[3].name, "unset");
  EXPECT_FALSE(leaf[3].is_bound);
}

TEST_F(SamplerVariablesTest, AValueThatChangesAtTheSameAddressIsNotShown) {
  start_with_variables();
  python_.target.on_read([this, value = 0U](const FakeTarget::Read&) mutable { set_number(number_, ++value); });
  const StackVariables found = variables();
  EXPECT_EQ(found.frames[0].state, State::kRead);
  EXPECT_EQ(found.frames[1].state, State::kChanged);
  EXPECT_TRUE(found.frames[1].variables.empty());
}

TEST_F(SamplerVariablesTest, AVariableThatIsBoundAnewIsNotShown) {
  start_with_variables();
  const RemoteAddr other = add_number(43);
  python_.target.on_read([=, this, turn = 0](const FakeTarget::Read& read) mutable {
    const RemoteAddr place = python_.values_of(threads_[0], 1);
    if (read.from == place) put(place, ++turn % 2 == 0 ? other : number_);
  });
  EXPECT_EQ(variables().frames[1].state, State::kChanged);
}

TEST_F(SamplerVariablesTest, AFrameThatMovesOnIsReadAgain) {
  start_with_variables();
  python_.target.on_read([this, moves = 3](const FakeTarget::Read& read) mutable {
    if (!read.from.in(number_, 64) && read.from.value() != (number_.value() & ~0xfffULL)) return;
    if (moves-- > 0) python_.set_stack(threads_[0], {{root_, 0}, {leaf_, moves % 2}});
  });
  const StackVariables found = variables();
  ASSERT_EQ(found.frames.size(), 2U);
  EXPECT_EQ(found.frames[0].state, State::kRead);
}

TEST_F(SamplerVariablesTest, NobodyIsStoppedUnlessAskedFor) {
  start_with_variables();
  variables();
  EXPECT_TRUE(python_.target.stops().empty());
}

TEST_F(SamplerVariablesTest, WhoRunsStandsStillWhereThatIsAskedFor) {
  stopping_ = Stopping::kAlways;
  start_with_variables();
  const std::size_t before = python_.target.stops().size();
  bool stood = true;
  python_.target.on_read([&, this](const FakeTarget::Read& read) {
    if (read.from == python_.values_of(threads_[0], 1)) stood = stood && python_.target.anybody_stands();
  });
  EXPECT_TRUE(variables().all_read());
  EXPECT_TRUE(stood);
  EXPECT_EQ(python_.target.stops().size(), before + 1);
  EXPECT_FALSE(python_.target.anybody_stands());
}

TEST_F(SamplerVariablesTest, ToCompleteStopsOnlyWhatChanges) {
  stopping_ = Stopping::kToComplete;
  start_with_variables();
  const std::size_t before = python_.target.stops().size();
  EXPECT_TRUE(variables().all_read());
  EXPECT_EQ(python_.target.stops().size(), before);
  python_.target.on_read([this, value = 0U](const FakeTarget::Read&) mutable {
    if (!python_.target.anybody_stands()) set_number(number_, ++value);
  });
  EXPECT_TRUE(variables().all_read());
  EXPECT_EQ(python_.target.stops().size(), before + 1);
  EXPECT_FALSE(python_.target.anybody_stands());
}

TEST_F(SamplerVariablesTest, FarFromTheInnermostFrameTheyAreLeftOut) {
  declare(root_, {"n"}, 1, " ");
  start(1);
  python_.set_stack(threads_[0], std::vector<FakePython::Call>(110, {root_, 0}));
  const StackVariables found = variables();
  ASSERT_EQ(found.frames.size(), 110U);
  EXPECT_EQ(found.frames[9].state, State::kLeftOut);
  EXPECT_EQ(found.frames[10].state, State::kRead);
}

TEST_F(SamplerVariablesTest, NamesThatAreGarbage) {
  start_with_variables();
  const RemoteAddr names = *read_pointer(python_.target, leaf_ + python_.layout.code.local_names);
  put(names + python_.layout.object.var_size, ~std::uint64_t{0});
  EXPECT_TRUE(variables().frames[1].variables.empty());
}

TEST_F(SamplerVariablesTest, OfAThreadThatHasGone) {
  start_with_variables();
  python_.target.fail_reads(ErrorCode::kGone);
  const StackVariables found = variables();
  EXPECT_EQ(found.quality, StackQuality::kLost);
  EXPECT_TRUE(found.frames.empty());
}

class TaggedVariablesTest : public SamplerVariablesTest {
 protected:
  TaggedVariablesTest() : SamplerVariablesTest(layout::tables::kCpython314t) {}
};

// _PyStackRef: bit 0 says that nobody counts the reference; a null has it as well.
TEST_F(TaggedVariablesTest, AreLookedAtWithoutTheirTags) {
  start_with_variables();
  const RemoteAddr values = python_.values_of(threads_[0], 1);
  put(values, number_ + 1);
  put(values + 24, std::uint64_t{1});
  const auto leaf = variables().frames[1].variables;
  ASSERT_EQ(leaf.size(), 3U);
  EXPECT_EQ(leaf[0].value, "42");
}

}  // namespace
}  // namespace gilspy
