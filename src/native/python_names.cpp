#include "python_names.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "unwind_table.h"

namespace gilspy::native {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::size_t kLongestName = 120;
constexpr std::uint64_t kMethodSize = 32;  // PyMethodDef (methodobject.h): name, function, flags, documentation
constexpr std::uint64_t kMostMethods = 2'000;

// Fields of PyTypeObject (cpython/object.h) by their distance from tp_name, the same in 3.8 to 3.15, and what is shown
// of their functions.
struct Field {
  std::uint64_t offset = 0;
  std::string_view name;
};
constexpr std::uint64_t kBasicSize = 8, kItemSize = 16, kDealloc = 24, kAsNumber = 72, kAsSequence = 80,
                        kAsMapping = 88, kFlags = 144, kMethods = 208, kBase = 232;
constexpr std::uint64_t kReady = 1U << 12;  // Py_TPFLAGS_READY
constexpr std::array kTypeFields{
    Field{24, "tp_dealloc"},   Field{40, "tp_getattr"},     Field{48, "tp_setattr"}, Field{64, "__repr__"},
    Field{96, "__hash__"},     Field{104, "__call__"},      Field{112, "__str__"},   Field{120, "__getattribute__"},
    Field{128, "__setattr__"}, Field{160, "tp_traverse"},   Field{168, "tp_clear"},  Field{176, "tp_richcompare"},
    Field{192, "__iter__"},    Field{200, "__next__"},      Field{248, "__get__"},   Field{256, "__set__"},
    Field{272, "__init__"},    Field{280, "tp_alloc"},      Field{288, "__new__"},   Field{296, "tp_free"},
    Field{368, "__del__"},     Field{376, "tp_vectorcall"},
};

// PyNumberMethods, PySequenceMethods and PyMappingMethods, in their order.
constexpr std::array kNumber{
    "__add__"sv,     "__sub__"sv,       "__mul__"sv,      "__mod__"sv,   "__divmod__"sv, "__pow__"sv,
    "__neg__"sv,     "__pos__"sv,       "__abs__"sv,      "__bool__"sv,  "__invert__"sv, "__lshift__"sv,
    "__rshift__"sv,  "__and__"sv,       "__xor__"sv,      "__or__"sv,    "__int__"sv,    ""sv,
    "__float__"sv,   "__iadd__"sv,      "__isub__"sv,     "__imul__"sv,  "__imod__"sv,   "__ipow__"sv,
    "__ilshift__"sv, "__irshift__"sv,   "__iand__"sv,     "__ixor__"sv,  "__ior__"sv,    "__floordiv__"sv,
    "__truediv__"sv, "__ifloordiv__"sv, "__itruediv__"sv, "__index__"sv, "__matmul__"sv, "__imatmul__"sv,
};
constexpr std::array kSequence{"__len__"sv,     "__add__"sv, "__mul__"sv,      "__getitem__"sv, ""sv,
                               "__setitem__"sv, ""sv,        "__contains__"sv, "__iadd__"sv,    "__imul__"sv};
constexpr std::array kMapping{"__len__"sv, "__getitem__"sv, "__setitem__"sv};

// Numbers of typeslots.h, by which types that are made at run time tell their functions (PyType_Slot).
constexpr std::int32_t kMethodsSlot = 64, kMostSlots = 90;
constexpr std::array<std::string_view, 84> kSlots{
    "",
    "tp_getbuffer",
    "tp_releasebuffer",
    "__setitem__",
    "__len__",
    "__getitem__",
    "__abs__",
    "__add__",
    "__and__",
    "__bool__",
    "__divmod__",
    "__float__",
    "__floordiv__",
    "__index__",
    "__iadd__",
    "__iand__",
    "__ifloordiv__",
    "__ilshift__",
    "__imul__",
    "__ior__",
    "__ipow__",
    "__imod__",
    "__irshift__",
    "__isub__",
    "__itruediv__",
    "__ixor__",
    "__int__",
    "__invert__",
    "__lshift__",
    "__mul__",
    "__neg__",
    "__or__",
    "__pos__",
    "__pow__",
    "__mod__",
    "__rshift__",
    "__sub__",
    "__truediv__",
    "__xor__",
    "__setitem__",
    "__add__",
    "__contains__",
    "__iadd__",
    "__imul__",
    "__getitem__",
    "__len__",
    "__mul__",
    "tp_alloc",
    "",
    "",
    "__call__",
    "tp_clear",
    "tp_dealloc",
    "tp_del",
    "__get__",
    "__set__",
    "",
    "tp_getattr",
    "__getattribute__",
    "__hash__",
    "__init__",
    "tp_is_gc",
    "__iter__",
    "__next__",
    "",
    "__new__",
    "__repr__",
    "tp_richcompare",
    "tp_setattr",
    "__setattr__",
    "__str__",
    "tp_traverse",
    "",
    "",
    "tp_free",
    "__matmul__",
    "__imatmul__",
    "__await__",
    "__aiter__",
    "__anext__",
    "__del__",
    "am_send",
    "tp_vectorcall",
    "",
};

bool is_identifier(std::string_view name) {
  const auto may_be_in = [](char c) {
    return c == '_' || c == '.' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') && std::ranges::all_of(name, may_be_in);
}

}  // namespace

PythonTypes python_types(const RuntimeLayout& layout) { return {layout.object.var_size + sizeof(std::uint64_t)}; }

class PythonNames::Search {
 public:
  Search(AddressSpace& space, const NativeImage& image, const PythonTypes& types,
         std::unordered_map<RemoteAddr, std::string>& names)
      : space_(space), image_(image), types_(types), names_(names), data_(space.data_of(image)) {}

  // Those that name a type or a module come first: a function may be in more than one table.
  void run() {
    each_word([this](RemoteAddr at) { look_for_type(at - types_.header); });
    each_word([this](RemoteAddr at) { look_for_spec(at); });
    each_word([this](RemoteAddr at) { look_for_module(at); });
    each_word([this](RemoteAddr at) {
      if (is_method(at)) add(word(at + 8), text(word(at)));
    });
  }

 private:
  // Calls `look` where a word is the address of something in the image: what all of these tables begin with is a name.
  template <typename Look>
  void each_word(Look look) {
    for (const AddressSpace::Data& data : data_) {
      for (std::uint64_t at = 0; at + 8 <= data.bytes.size(); at += 8) {
        std::uint64_t value = 0;
        std::memcpy(&value, data.bytes.data() + at, sizeof value);
        if (value >= image_.begin.value() && value < image_.end.value()) look(data.begin + at);
      }
    }
  }

  std::uint64_t word(RemoteAddr at) const {
    for (const AddressSpace::Data& data : data_) {
      if (!at.in(data.begin, data.bytes.size()) || data.bytes.size() - at.since(data.begin) < 8) continue;
      std::uint64_t value = 0;
      std::memcpy(&value, data.bytes.data() + at.since(data.begin), sizeof value);
      return value;
    }
    return 0;
  }

  bool in_data(std::uint64_t address) const {
    return std::ranges::any_of(data_,
                               [&](const auto& data) { return RemoteAddr(address).in(data.begin, data.bytes.size()); });
  }

  // Empty: no name.
  std::string text(std::uint64_t address) const {
    std::string name;
    for (const AddressSpace::Data& data : data_) {
      if (!RemoteAddr(address).in(data.begin, data.bytes.size())) continue;
      const std::size_t from = RemoteAddr(address).since(data.begin);
      for (std::size_t i = from; i < data.bytes.size() && name.size() <= kLongestName; ++i) {
        const char c = std::to_integer<char>(data.bytes[i]);
        if (c == '\0') return is_identifier(name) ? name : std::string();
        name += c;
      }
    }
    return {};
  }

  bool is_function(std::uint64_t address) {
    const RemoteAddr at(address);
    if (at < image_.begin || at >= image_.end || in_data(address)) return false;
    return begins_function(space_, image_, at);
  }

  void add(std::uint64_t function, const std::string& name) {
    if (!name.empty() && is_function(function)) names_.try_emplace(RemoteAddr(function), name);
  }

  // How it is called: METH_VARARGS, METH_KEYWORDS, METH_NOARGS, METH_O or METH_FASTCALL; and METH_CLASS, METH_STATIC,
  // METH_COEXIST, METH_METHOD.
  bool is_method(RemoteAddr at) {
    constexpr std::uint64_t kHow = 0x8f, kAll = 0x2ff;
    const std::uint64_t flags = word(at + 16) & 0xffffffffU;
    return (flags & kHow) != 0 && (flags & ~kAll) == 0 && is_function(word(at + 8)) && !text(word(at)).empty();
  }

  void add_methods(std::uint64_t table, const std::string& owner) {
    RemoteAddr at(table);
    for (std::uint64_t i = 0; i < kMostMethods && is_method(at); ++i, at = at + kMethodSize) {
      add(word(at + 8), owner + "." + text(word(at)));
    }
  }

  template <typename Names>
  void add_table(std::uint64_t table, std::uint64_t of_base, const Names& names, const std::string& type) {
    if (!in_data(table)) return;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::uint64_t function = word(RemoteAddr(table + 8 * i));
      const bool inherited = in_data(of_base) && word(RemoteAddr(of_base + 8 * i)) == function;
      if (!names[i].empty() && !inherited) add(function, type + "." + std::string(names[i]));
    }
  }

  // A PyTypeObject that has been set up. What it has from its base is the base's.
  void look_for_type(RemoteAddr type) {
    const RemoteAddr name_at = type + types_.header;
    const std::uint64_t size = word(name_at + kBasicSize), items = word(name_at + kItemSize);
    if (size < 16 || size > (1U << 20) || items > (1U << 16) || (word(name_at + kFlags) & kReady) == 0) return;
    if (space_.image_at(RemoteAddr(word(name_at + kDealloc))) == nullptr) return;  // not code, maybe another image's
    const std::string name = text(word(name_at));
    if (name.empty()) return;
    const std::uint64_t base = word(name_at + kBase);
    const RemoteAddr base_name(base + types_.header);
    for (const Field& field : kTypeFields) {
      const std::uint64_t function = word(name_at + field.offset);
      const bool inherited = in_data(base) && word(base_name + field.offset) == function;
      if (!inherited) add(function, name + "." + std::string(field.name));
    }
    const auto of_base = [&](std::uint64_t field) { return in_data(base) ? word(base_name + field) : 0; };
    add_table(word(name_at + kAsNumber), of_base(kAsNumber), kNumber, name);
    add_table(word(name_at + kAsSequence), of_base(kAsSequence), kSequence, name);
    add_table(word(name_at + kAsMapping), of_base(kAsMapping), kMapping, name);
    add_methods(word(name_at + kMethods), name);
  }

  // PyType_Spec: name, two sizes of 4 bytes, flags of 4 bytes, slots.
  void look_for_spec(RemoteAddr at) {
    const std::uint64_t slots = word(at + 24);
    if (!in_data(slots) || word(at + 16) > 0xffffffffU || (word(at + 8) & 0xffffffffU) > (1U << 20)) return;
    const auto number = [&](std::int32_t i) {
      return static_cast<std::int64_t>(word(RemoteAddr(slots + 16 * static_cast<std::uint64_t>(i))));
    };
    std::int32_t count = 0;
    while (count < kMostSlots && number(count) > 0 && number(count) < std::ssize(kSlots)) ++count;
    if (count == 0 || count == kMostSlots || number(count) != 0) return;
    const std::string name = text(word(at));
    if (name.empty()) return;
    for (std::int32_t i = 0; i < count; ++i) {
      const std::uint64_t what = word(RemoteAddr(slots + 16 * static_cast<std::uint64_t>(i) + 8));
      const auto slot = static_cast<std::size_t>(number(i));
      if (number(i) == kMethodsSlot) {
        add_methods(what, name);
      } else if (!kSlots[slot].empty()) {
        add(what, name + "." + std::string(kSlots[slot]));
      }
    }
  }

  // PyModuleDef, from m_name on: name, documentation, size, methods.
  void look_for_module(RemoteAddr at) {
    const auto size = static_cast<std::int64_t>(word(at + 16));
    const std::uint64_t methods = word(at + 24);
    if (size < -1 || size > (1 << 20) || !in_data(methods) || !is_method(RemoteAddr(methods))) return;
    if (const std::string name = text(word(at)); !name.empty()) add_methods(methods, name);
  }

  AddressSpace& space_;
  const NativeImage& image_;
  const PythonTypes& types_;
  std::unordered_map<RemoteAddr, std::string>& names_;
  std::vector<AddressSpace::Data> data_;
};

PythonNames::PythonNames(AddressSpace& space, const NativeImage& image, const PythonTypes& types) {
  Search(space, image, types, names_).run();
}

std::optional<std::string> PythonNames::find(RemoteAddr begin) const {
  const auto found = names_.find(begin);
  return found == names_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace gilspy::native
