#include "symboliser.h"

#include <fmt/format.h>

#include "debug_files.h"
#include "demangle.h"
#include "gilspy/platform.h"
#include "module_names.h"
#include "roles.h"
#include "unwind_table.h"

namespace gilspy::native {
namespace {

constexpr std::size_t kMostKnown = 1U << 18;

}  // namespace

const Symboliser::Functions& Symboliser::at(RemoteAddr address) {
  if (changes_ != space_.changes() || known_.size() > kMostKnown) forget();
  const auto [entry, is_new] = known_.try_emplace(address);
  if (is_new) entry->second = functions_at(address);
  return entry->second;
}

void Symboliser::forget() {
  changes_ = space_.changes();
  known_.clear();
  images_.clear();
}

Symboliser::Functions Symboliser::functions_at(RemoteAddr address) {
  const NativeImage* const mapped = space_.image_at(address);
  if (mapped == nullptr) return {std::make_shared<NativeFunction>(NativeFunction{"(unknown code)", "", Role::kCode})};
  Image& image = image_of(*mapped);
  const std::uint64_t in_file = address.value() - mapped->bias;
  Functions found;
  const auto function_there = containing(image, *mapped, in_file);
  if (image.inlines != nullptr) {
    const bool in_loop = function_there->role == Role::kEval;  // hundreds are, there
    for (const std::string& name : image.inlines->at(in_file)) {
      found.push_back(function(image, name, in_loop ? Role::kCall : role_of(name, image.is_interpreter, true)));
    }
  }
  found.push_back(function_there);
  return found;
}

Symboliser::Image& Symboliser::image_of(const NativeImage& mapped) {
  const auto [entry, is_new] = images_.try_emplace(mapped.begin.value());
  if (!is_new) return *entry->second;
  entry->second = std::make_unique<Image>();
  Image& image = *entry->second;
  image.module = module_name(mapped.path, [this](const std::string& folder) {
    return platform::map_file_below(root_, folder + "/__init__.py").has_value();
  });
  image.is_interpreter = mapped.path == interpreter_;
  auto file = space_.file_of(mapped);
  if (file == nullptr) return image;
  image.symbols.add(file->bytes());
  const DebugLink link = debug_link_of(file->bytes());
  if (link.has_own) {
    image.inlines = std::make_unique<Inlines>(std::move(file));
  } else if (auto debug = find_debug_file(link, mapped.path, root_)) {
    image.symbols.add(debug->bytes());
    image.inlines = std::make_unique<Inlines>(std::move(debug));
  }
  return image;
}

// By the file's symbols, CPython's tables, or else by where it begins: that is the same whenever it is met.
Symboliser::Functions::value_type Symboliser::containing(Image& image, const NativeImage& mapped,
                                                         std::uint64_t address) {
  if (image.symbols.is_jump(address)) return function(image, "(jump)", Role::kCall);
  if (const auto symbol = image.symbols.find(address)) return function(image, demangled(symbol->name));
  const auto begin = function_begin(space_, mapped, RemoteAddr(address + mapped.bias));
  if (!image.methods.has_value()) image.methods.emplace(space_, mapped, types_);
  const auto name = begin.has_value() ? image.methods->find(*begin) : std::nullopt;
  if (name.has_value()) return function(image, *name);
  const std::uint64_t place = begin.has_value() ? begin->value() - mapped.bias : address;
  // One of the interpreter's without a name says nothing.
  const auto role = image.is_interpreter ? Role::kNameless : Role::kCode;
  return function(image, fmt::format("{}+{:#x}", image.module, place), role);
}

std::shared_ptr<const NativeFunction> Symboliser::function(Image& image, const std::string& name) {
  return function(image, name, role_of(name, image.is_interpreter, false));
}

std::shared_ptr<const NativeFunction> Symboliser::function(Image& image, const std::string& name, Role role) {
  auto& known = image.functions[{name, role}];
  if (known == nullptr) known = std::make_shared<NativeFunction>(NativeFunction{name, image.module, role});
  return known;
}

std::shared_ptr<const NativeFunction> Symboliser::system_call(std::int64_t number) {
  auto& known = calls_[number];
  if (known == nullptr) {
    known = std::make_shared<NativeFunction>(NativeFunction{platform::syscall_name(number), "kernel", Role::kCode});
  }
  return known;
}

}  // namespace gilspy::native
