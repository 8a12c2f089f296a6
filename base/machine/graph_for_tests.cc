#include "base/machine/graph_for_tests.h"

#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>

#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sid {
namespace {

// Below autograd, and not used by LibTorch itself.
constexpr c10::DispatchKey kKey = c10::DispatchKey::Fake;

c10::StorageImpl* MemoryOf(const at::Tensor& tensor) { return tensor.storage().unsafeGetStorageImpl(); }

// The same memory, with neither the graph that autograd builds nor a part in the tensor's lifetime.
at::Tensor Alias(const at::Tensor& tensor) { return tensor.defined() ? tensor.variable_data() : tensor; }

c10::IValue Alias(const c10::IValue& value) {
  if (value.isTensor()) return Alias(value.toTensor());
  if (value.isTensorList()) {
    std::vector<at::Tensor> list;
    for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(Alias(tensor));
    return list;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> list;
    for (const std::optional<at::Tensor>& tensor : value.toOptionalTensorVector()) {
      list.push_back(tensor ? std::optional<at::Tensor>(Alias(*tensor)) : std::nullopt);
    }
    return list;
  }
  return value;
}

// The tensors among values, those in lists too.
std::vector<at::Tensor> TensorsIn(const std::vector<c10::IValue>& values) {
  std::vector<at::Tensor> tensors;
  for (const c10::IValue& value : values) {
    if (value.isTensor()) tensors.push_back(value.toTensor());
    if (!value.isTensorList() && !value.isOptionalTensorList()) continue;
    for (const c10::IValue& one : value.toListRef()) {
      if (one.isTensor()) tensors.push_back(one.toTensor());
    }
  }
  std::erase_if(tensors, [](const at::Tensor& tensor) { return !tensor.defined(); });
  return tensors;
}

struct Call {
  c10::OperatorHandle op;
  std::vector<c10::IValue> arguments;
  std::vector<at::Tensor> results;  // undefined for one in an argument's memory
};

class RecordedCalls final : public Graph {
 public:
  // The recorded run has its effects, as recording and one replay have on a GPU.
  void Run(const std::function<void()>& work) override {
    if (runs_ < kWarmRuns) {
      work();
    } else if (runs_ == kWarmRuns) {
      recording_ = this;
      const c10::impl::IncludeDispatchKeyGuard intercepting(kKey);
      work();
    } else {
      Replay();
    }
    ++runs_;
  }

  // Every operator's way to its kernel while one records.
  static void Intercept(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
    const c10::impl::ExcludeDispatchKeyGuard kernels_own(kKey);
    const std::string& name = op.schema().name();
    TORCH_CHECK(name != "aten::_local_scalar_dense", "the host reads a number while a graph is recorded");
    std::vector<c10::IValue> arguments;
    for (const c10::IValue& value : torch::jit::last(*stack, op.schema().arguments().size())) {
      arguments.push_back(Alias(value));
    }
    op.redispatchBoxed(keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kKey), stack);
    recording_->Add({op, std::move(arguments), {}}, torch::jit::last(*stack, op.schema().returns().size()).vec());
  }

 private:
  void Add(Call call, const std::vector<c10::IValue>& results) {
    std::map<c10::StorageImpl*, bool> given;
    for (const at::Tensor& tensor : TensorsIn(call.arguments)) {
      given[MemoryOf(tensor)] = true;
      // A number of the host becomes a part of the call.
      if (made_.count(MemoryOf(tensor)) > 0 || tensor.unsafeGetTensorImpl()->is_wrapped_number()) continue;
      borrowed_[MemoryOf(tensor)].push_back(tensor);
    }
    for (const at::Tensor& tensor : TensorsIn(results)) {
      const bool own = given.count(MemoryOf(tensor)) == 0;
      if (own) made_.emplace(MemoryOf(tensor), Alias(tensor));
      call.results.push_back(own ? Alias(tensor) : at::Tensor());
    }
    // Memory alone is no work.
    if (call.op.schema().name().find("empty") == std::string::npos) calls_.push_back(std::move(call));
  }

  void Replay() const {
    const at::AutoDispatchBelowADInplaceOrView without_autograd;
    for (const auto& [memory, aliases] : borrowed_) {
      const bool kept = memory != nullptr && aliases[0].storage().use_count() > aliases.size();
      if (kept || !aliases[0].is_floating_point()) continue;
      for (const at::Tensor& alias : aliases) alias.fill_(std::numeric_limits<double>::quiet_NaN());
    }
    for (const Call& call : calls_) {
      torch::jit::Stack stack = call.arguments;
      call.op.callBoxed(&stack);
      const std::vector<at::Tensor> fresh = TensorsIn(stack);
      for (size_t k = 0; k < call.results.size(); ++k) {
        if (call.results[k].defined()) call.results[k].copy_(fresh.at(k));
      }
    }
  }

  static inline thread_local RecordedCalls* recording_ = nullptr;
  int64_t runs_ = 0;
  std::vector<Call> calls_;
  std::map<c10::StorageImpl*, at::Tensor> made_;                   // by the recording, and kept
  std::map<c10::StorageImpl*, std::vector<at::Tensor>> borrowed_;  // from before it
};

TORCH_LIBRARY_IMPL(_, Fake, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&RecordedCalls::Intercept>());
}

}  // namespace

std::unique_ptr<Graph> MakeGraphForTests() { return std::make_unique<RecordedCalls>(); }

}  // namespace sid
