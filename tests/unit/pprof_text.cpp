#include "pprof_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <vector>

#include "pprof.pb.h"

namespace gilspy {
namespace {

namespace wire = pprof::wire;

class Text {
 public:
  explicit Text(const wire::Profile& profile) : profile_(profile) {
    for (const wire::Function& function : profile.function()) {
      functions_[function.id()] =
          fmt::format("{} ({}:{})", at(function.name()), at(function.filename()), function.start_line());
    }
    for (const wire::Location& location : profile.location()) {
      const wire::Line& line = location.line(0);
      locations_[location.id()] = fmt::format("{} at {}", functions_.at(line.function_id()), line.line());
    }
  }

  std::string all() const {
    std::string text = fmt::format("began {}, took {}, {} every {} {}, first shown: {}\n", profile_.time_nanos(),
                                   profile_.duration_nanos(), at(profile_.period_type().type()), profile_.period(),
                                   at(profile_.period_type().unit()), at(profile_.default_sample_type()));
    for (const std::int64_t comment : profile_.comment()) text += fmt::format("# {}\n", at(comment));
    for (const wire::Mapping& mapping : profile_.mapping()) text += fmt::format("of {}\n", at(mapping.filename()));
    for (const wire::ValueType& type : profile_.sample_type())
      text += fmt::format("{}/{} ", at(type.type()), at(type.unit()));
    text += '\n';
    for (const wire::Sample& sample : profile_.sample()) text += line(sample);
    return text;
  }

 private:
  const std::string& at(std::int64_t string) const { return profile_.string_table(static_cast<int>(string)); }

  std::string line(const wire::Sample& sample) const {
    std::vector<std::string> stack, labels;
    for (const std::uint64_t location : sample.location_id()) stack.push_back(locations_.at(location));
    for (const wire::Label& label : sample.label()) {
      labels.push_back(
          fmt::format("{}={}", at(label.key()), label.str() != 0 ? at(label.str()) : std::to_string(label.num())));
    }
    return fmt::format("{} [{}] {}\n", fmt::join(sample.value(), " "), fmt::join(labels, ", "),
                       fmt::join(stack, " < "));
  }

  const wire::Profile& profile_;
  std::map<std::uint64_t, std::string> functions_, locations_;
};

}  // namespace

std::string pprof_text(const std::string& bytes) {
  wire::Profile profile;
  if (!profile.ParseFromString(bytes)) return "not a profile\n";
  return Text(profile).all();
}

}  // namespace gilspy
