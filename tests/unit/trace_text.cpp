#include "trace_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <vector>

#include "trace.pb.h"

namespace gilspy {
namespace {

namespace wire = perfetto::wire;

class Text {
 public:
  void add(const wire::TracePacket& packet) {
    if (packet.has_interned_data()) take(packet.interned_data());
    if (packet.has_trace_packet_defaults()) {
      const wire::Timebase& base = packet.trace_packet_defaults().perf_sample_defaults().timebase();
      line("samples every {} ns: {}", base.period(), base.name());
    }
    if (packet.has_track_descriptor()) add(packet.track_descriptor());
    if (packet.has_track_event()) add(packet.timestamp(), packet.track_event());
    if (packet.has_perf_sample()) add(packet.timestamp(), packet.perf_sample());
  }
  std::string take() { return std::move(text_); }

 private:
  template <typename... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    text_ += fmt::format(format, std::forward<Arguments>(arguments)...) + '\n';
  }

  void take(const wire::InternedData& interned) {
    for (const auto& name : interned.event_names()) events_[name.iid()] = name.name();
    for (const auto& name : interned.debug_annotation_names()) notes_[name.iid()] = name.name();
    for (const auto& name : interned.event_categories()) categories_[name.iid()] = name.name();
    for (const auto& value : interned.debug_annotation_string_values()) values_[value.iid()] = value.str();
    for (const auto& colour : interned.correlation_id_str()) colours_[colour.iid()] = colour.str();
    for (const auto& name : interned.function_names()) functions_[name.iid()] = name.str();
    for (const auto& path : interned.mapping_paths()) paths_[path.iid()] = path.str();
    for (const auto& mapping : interned.mappings()) mappings_[mapping.iid()] = paths_.at(mapping.path_string_ids(0));
    for (const auto& frame : interned.frames()) frames_[frame.iid()] = functions_.at(frame.function_name_id());
    for (const auto& frame : interned.frames()) mappings_.at(frame.mapping_id());
    for (const auto& callstack : interned.callstacks()) {
      std::vector<std::string> frames;
      for (const std::uint64_t id : callstack.frame_ids()) frames.push_back(frames_.at(id));
      line("stack {} = {}", callstack.iid(), fmt::join(frames, ";"));
    }
  }

  void add(const wire::TrackDescriptor& track) {
    std::string what = fmt::format("track {} in {}:", track.uuid(), track.parent_uuid());
    if (track.has_name()) what += fmt::format(" \"{}\"", track.name());
    if (track.has_process()) {
      what += fmt::format(" process {} \"{}\" [{}]", track.process().pid(), track.process().process_name(),
                          fmt::join(track.process().cmdline(), ", "));
    }
    if (track.has_thread())
      what += fmt::format(" thread {} \"{}\"", track.thread().tid(), track.thread().thread_name());
    if (track.has_counter()) what += fmt::format(" counts {}", track.counter().unit_name());
    line("{}", what);
  }

  void add(std::uint64_t at, const wire::TrackEvent& event) {
    static const std::map<int, const char*> kKinds{{1, "begin"}, {2, "end"}, {4, "count"}};
    std::string what = fmt::format("{} {} {}", at, kKinds.at(event.type()), event.track_uuid());
    if (event.has_name_iid()) what += " " + events_.at(event.name_iid());
    if (event.has_name()) what += " " + event.name();
    if (event.has_counter_value()) what += fmt::format(" {}", event.counter_value());
    if (event.has_double_counter_value()) what += fmt::format(" {:.3f}", event.double_counter_value());
    for (const std::uint64_t category : event.category_iids()) what += fmt::format(" [{}]", categories_.at(category));
    if (event.has_correlation_id_str_iid()) {
      what += fmt::format(" coloured as {}", colours_.at(event.correlation_id_str_iid()));
    }
    for (const std::uint64_t flow : event.terminating_flow_ids()) what += fmt::format(" <-{}", flow);
    for (const std::uint64_t flow : event.flow_ids()) what += fmt::format(" ->{}", flow);
    for (const auto& note : event.debug_annotations()) {
      what += fmt::format(" {}={}", note.has_name_iid() ? notes_.at(note.name_iid()) : note.name(),
                          note.has_string_value_iid() ? values_.at(note.string_value_iid())
                          : note.has_int_value()      ? std::to_string(note.int_value())
                                                      : note.string_value());
    }
    line("{}", what);
  }

  void add(std::uint64_t at, const wire::PerfSample& sample) {
    line("{} sample of {} in {}: stack {}, in all {} ns", at, sample.tid(), sample.pid(), sample.callstack_iid(),
         sample.timebase_count());
  }

  std::string text_;
  std::map<std::uint64_t, std::string> events_, notes_, functions_, paths_, mappings_, frames_, categories_, values_,
      colours_;
};

}  // namespace

std::string trace_text(const std::string& trace) {
  wire::Trace message;
  if (!message.ParseFromString(trace)) return "(no trace)";
  Text text;
  for (const wire::TracePacket& packet : message.packet()) text.add(packet);
  return text.take();
}

}  // namespace gilspy
