#include "type_book.h"

#include <algorithm>
#include <array>

#include "gilspy/memory.h"
#include "objects.h"
#include "python_quote.h"

namespace gilspy::sample {
namespace {

// Py_TPFLAGS of object.h, the same from 3.8 to 3.15.
constexpr std::uint64_t kHeapType = 1ULL << 9;
constexpr std::uint64_t kIsLong = 1ULL << 24, kIsList = 1ULL << 25, kIsTuple = 1ULL << 26, kIsBytes = 1ULL << 27,
                        kIsStr = 1ULL << 28, kIsDict = 1ULL << 29, kIsException = 1ULL << 30, kIsType = 1ULL << 31;

constexpr int kMostBases = 64;
constexpr std::size_t kMostTypes = 100'000;

struct Row {
  std::string_view name;  // tp_name of a type that is not made at run time
  ValueKind kind;
  std::uint64_t flag = 0;  // that its objects' types must have
};
constexpr std::array kRows{Row{"NoneType", ValueKind::kNone},
                           Row{"ellipsis", ValueKind::kEllipsis},
                           Row{"NotImplementedType", ValueKind::kNotImplemented},
                           Row{"bool", ValueKind::kBool, kIsLong},
                           Row{"int", ValueKind::kInt, kIsLong},
                           Row{"float", ValueKind::kFloat},
                           Row{"complex", ValueKind::kComplex},
                           Row{"str", ValueKind::kStr, kIsStr},
                           Row{"bytes", ValueKind::kBytes, kIsBytes},
                           Row{"bytearray", ValueKind::kBytearray},
                           Row{"list", ValueKind::kList, kIsList},
                           Row{"tuple", ValueKind::kTuple, kIsTuple},
                           Row{"dict", ValueKind::kDict, kIsDict},
                           Row{"frozendict", ValueKind::kFrozenDict},
                           Row{"collections.OrderedDict", ValueKind::kOrderedDict, kIsDict},
                           Row{"set", ValueKind::kSet},
                           Row{"frozenset", ValueKind::kFrozenSet},
                           Row{"range", ValueKind::kRange},
                           Row{"function", ValueKind::kFunction},
                           Row{"method", ValueKind::kMethod},
                           Row{"builtin_function_or_method", ValueKind::kBuiltin},
                           Row{"module", ValueKind::kModule},
                           Row{"type", ValueKind::kType, kIsType},
                           Row{"BaseException", ValueKind::kException, kIsException},
                           Row{"generator", ValueKind::kGenerator},
                           Row{"coroutine", ValueKind::kGenerator},
                           Row{"async_generator", ValueKind::kGenerator}};

std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

}  // namespace

const TypeFacts* TypeBook::of(RemoteAddr object) {
  if (object.is_null() || object.value() % 8 != 0) return nullptr;
  const auto type = read_pointer(memory_, object + layout_.object.type);
  return type.has_value() ? at(*type) : nullptr;
}

const TypeFacts* TypeBook::at(RemoteAddr type) {
  if (type.is_null() || type.value() % 8 != 0) return nullptr;
  if (const auto known = known_.find(type); known != known_.end()) return known->second.get();
  if (depth_ == kMostBases || known_.size() == kMostTypes) return nullptr;
  ++depth_;
  auto facts = read(type);
  --depth_;
  return known_.insert_or_assign(type, std::move(facts)).first->second.get();
}

// The type of a type is a type, and says so.
bool TypeBook::is_type(RemoteAddr type, std::uint64_t& flags) {
  const auto meta = read_pointer(memory_, type + layout_.object.type);
  const auto own = read_value<std::uint64_t>(memory_, type + layout_.object.type_flags);
  if (!meta.has_value() || meta->is_null() || meta->value() % 8 != 0 || !own.has_value()) return false;
  const auto of_meta = read_value<std::uint64_t>(memory_, *meta + layout_.object.type_flags);
  flags = *own;
  return of_meta.has_value() && (*of_meta & kIsType) != 0;
}

std::unique_ptr<TypeFacts> TypeBook::read(RemoteAddr type) {
  std::uint64_t flags = 0;
  if (!is_type(type, flags)) return nullptr;
  auto facts = std::make_unique<TypeFacts>();
  facts->address = type;
  facts->is_heap = (flags & kHeapType) != 0;
  read_names(*facts);
  if (facts->name.empty()) return nullptr;
  facts->base = read_pointer(memory_, type + layout_.object.type_base).value_or(RemoteAddr{});
  const auto row = std::ranges::find(kRows, facts->full_name, &Row::name);
  if (!facts->is_heap && row != kRows.end() && (flags & row->flag) == row->flag) {
    facts->kind = row->kind;
    facts->is_exact = true;
  } else if (const TypeFacts* const base = at(facts->base)) {
    facts->kind = base->kind;
  }
  return facts;
}

void TypeBook::read_names(TypeFacts& facts) {
  const auto name = read_pointer(memory_, facts.address + layout_.object.type_name);
  const auto text = name.has_value() ? read_c_string(memory_, *name) : tl::unexpected(name.error());
  if (!text.has_value()) return;
  facts.full_name = printable_name(*text);
  facts.name = last_part(facts.full_name);
  if (!facts.is_heap) return;
  const auto qualname = read_pointer(memory_, facts.address + layout_.object.type_qualname);
  if (!qualname.has_value()) return;
  const auto full = read_str(memory_, layout_, *qualname);
  const std::string module = module_of(facts.address);
  if (!full.has_value() || module.empty()) return;
  facts.full_name = printable_name(module == "builtins" ? *full : module + "." + *full);
  facts.name = last_part(printable_name(*full));
  // A class can be called like one of the interpreter's own.
  if (std::ranges::find(kRows, facts.name, &Row::name) != kRows.end()) facts.name = facts.full_name;
}

// Its class body set `__module__` first; types of C have it after their methods.
std::string TypeBook::module_of(RemoteAddr type) {
  constexpr std::size_t kMostSearched = 128;
  const auto dict = read_pointer(memory_, type + layout_.object.type_dict);
  if (!dict.has_value() || dict->is_null()) return "";
  const auto part = read_dict_part(memory_, layout_, *dict, kMostSearched);
  if (!part.has_value()) return "";
  for (const DictEntry& entry : part->entries) {
    if (read_str(memory_, layout_, entry.key).value_or("") != "__module__") continue;
    return read_str(memory_, layout_, entry.value).value_or("");
  }
  return "";
}

}  // namespace gilspy::sample
