#pragma once

// Backpropagation's way back through the belief chain as one kernel: what one module must wait for from the next. The weights' gradients
// are products of what it writes, batched over modules (sid/cascade/closed_form.h).
//
//   for each module i, from the last:  dh_i = (g_i W2_i) where hidden_i > 0
//                                      t    = p_{i-1} (dh_i Wp_i), and g_i besides where the belief update is residual,
//                                             and the gradient of what else depends on log p_{i-1}, where anything does
//                                      g_{i-1} = t - p_{i-1} sum t             t = d l / d log p_{i-1}, g = d l / d logits
//
// It is a pass of sid/cascade/kernel/block.h, as the way forward (chain.h) is: the vector is g_i, rounded to the products' type, a row's
// state g_i as it is summed. W2 and Wp are needed as the cascade has them, [C, H] and [H, C]: nothing is transposed. A row's log p_{i-1} is
// copied ahead with the weights.
//
// What bounds it is what bounds the way forward: the same products, sums and ways between blocks, and in the row's step one sum over the
// classes and one exponential in the place of two and two. For C = 100, H = 256, float32, R = 8, kRows = 8: a block's 26 KB of weights a module and
// 51,200 multiply-adds, 400 cycles each; in turn two products (600 cycles each), two ways between blocks (250 each), a row's step (300):
// 2,000 cycles, 1.1 us a module at 1.755 GHz. The way forward was estimated in this manner at 1.3 us and takes 4.1 on an H200. A row reads H numbers and
// C, or 2 C, of global memory a module, and writes H + C. LibTorch's operations take eight launches a module, or nine.
// An H200 took 4.9 us, the batched products of the weights included (L = 64, B = 128, bfloat16; bench/h200).

#include "sid/cascade/kernel/block.h"

namespace sid::kernels {

// Modules [begin, begin + n) of a cascade. Arrays are contiguous but for hidden_units; C' and H' as in Chain.
template <typename StorageType, typename NumberType>
struct ChainBack {
  using Storage = StorageType;
  using Number = NumberType;

  int batch = 0, depth = 0, hidden = 0, classes = 0;  // B, n, H, C
  bool residual = false;                              // the belief update
  const Storage* into_hidden = nullptr;               // [n, C', H'], W2
  const Storage* into_classes = nullptr;              // [n, H', C'], Wp
  const Storage* hidden_units = nullptr;              // [B, n, H], after the ReLU; rows are row_stride apart
  int64_t row_stride = 0;
  const Number* log_beliefs = nullptr;  // [n, B, C], the modules' inputs: log p_{begin-1} first
  const Number* belief_gradients =
      nullptr;                 // [n, B, C], by these, of what depends on them besides the module; null: of nothing
  Number* gradient = nullptr;  // [B, C]: in, g of the last module; out, of the one before the first
  Storage* logits_gradient = nullptr;  // [n, B, C]: g of the modules, of which the last one is given too
  Storage* hidden_gradient = nullptr;  // [n, B, H]
};

template <typename Storage, typename Number, typename Team, int kRows>
class BackwardBlock
    : public Block<BackwardBlock<Storage, Number, Team, kRows>, ChainBack<Storage, Number>, Team, kRows> {
 public:
  using Base = Block<BackwardBlock, ChainBack<Storage, Number>, Team, kRows>;
  using Base::Base;

  SID_HOST_DEVICE int Module(int step) const { return arrays().depth - 1 - step; }
  SID_HOST_DEVICE const Number* FirstStates() const { return arrays().gradient; }
  SID_HOST_DEVICE Number VectorOf(Number g, bool is_class) const { return is_class ? g : Number(0); }

  SID_HOST_DEVICE const Storage* UnitIn(int step, int row, int unit) const {
    return arrays().hidden_units + row * arrays().row_stride + static_cast<int64_t>(Module(step)) * arrays().hidden +
           unit;
  }
  SID_HOST_DEVICE Storage* UnitOut(int step, int row, int unit) const {
    return arrays().hidden_gradient + RowPlace(Module(step), row) * arrays().hidden + unit;
  }
  SID_HOST_DEVICE Number Activated(Number hidden, Number sum) const {
    return hidden <= 0 ? Number(0) : sum;  // as LibTorch, where hidden is no number
  }

  SID_HOST_DEVICE void CopyInputs(int step) const {
    const int64_t belief = RowPlace(Module(step), 0) * arrays().classes;
    for (int own = 0; own < Base::OwnRows(); ++own) {
      Base::CopyInput(arrays().log_beliefs + belief, LogBelief(step), own);
      if (arrays().belief_gradients != nullptr) {
        Base::CopyInput(arrays().belief_gradients + belief, BeliefGradient(step), own);
      }
    }
  }

  SID_HOST_DEVICE Quad<Number> Total(int step, int own, int first, Quad<Number> sum) const {
    const auto log_p = Load<Number>(Base::Input(LogBelief(step), own) + first);
    for (int j = 0; j < kQuad; ++j) sum.value[j] *= Exp(log_p.value[j]);
    if (arrays().residual) Add(Load<Number>(Base::State(step, own) + first), sum);
    if (arrays().belief_gradients != nullptr) Add(Load<Number>(Base::Input(BeliefGradient(step), own) + first), sum);
    for (int j = 0; j < kQuad; ++j) sum.value[j] = first + j < arrays().classes ? sum.value[j] : Number(0);
    return sum;
  }
  template <typename Lanes>
  SID_HOST_DEVICE Number Normaliser(const Lanes& lanes, const Number* totals) const {
    Number sum = 0;
    SID_UNROLL(1)
    for (int first = kQuad * lanes.lane(); first < arrays().classes; first += kQuad * lanes.lanes()) {
      const auto four = Load<Number>(totals + first);
      for (int j = 0; j < kQuad; ++j) sum += four.value[j];
    }
    return lanes.Sum(sum);
  }
  SID_HOST_DEVICE Quad<Number> NextState(int step, int own, int first, Quad<Number> totals, Number sum) const {
    const auto log_p = Load<Number>(Base::Input(LogBelief(step), own) + first);
    for (int j = 0; j < kQuad; ++j) totals.value[j] -= Exp(log_p.value[j]) * sum;
    return totals;
  }

  SID_HOST_DEVICE Number ReadAhead(int) const { return 0; }

  // The finished rows' gradients, for the module before this step's.
  SID_HOST_DEVICE void WriteRows(int step, Number) const {
    const ChainBack<Storage, Number>& chain = arrays();
    const int module = Module(step) - 1;
    for (int own = 0; own < Base::OwnRows() && Base::InBatch(Base::RowOf(own)); ++own) {
      const int row = Base::BatchRow(own);
      const Number* const g = Base::State(step + 1, own);
      for (int c = Base::team().thread(); c < chain.classes; c += Base::team().threads()) {
        if (module >= 0) {
          chain.logits_gradient[RowPlace(module, row) * chain.classes + c] = static_cast<Storage>(g[c]);
        } else {
          chain.gradient[static_cast<int64_t>(row) * chain.classes + c] = g[c];
        }
      }
    }
  }

 private:
  using Base::arrays;

  // A step's inputs; the next step's are copied while they are used.
  SID_HOST_DEVICE static int LogBelief(int step) { return step % 2; }
  SID_HOST_DEVICE static int BeliefGradient(int step) { return 2 + step % 2; }

  SID_HOST_DEVICE int64_t RowPlace(int module, int row) const {
    return static_cast<int64_t>(module) * arrays().batch + row;
  }
};

// All that one block of `team` does for rows from `first` on.
template <int kRows, typename Team, typename Storage, typename Number>
SID_HOST_DEVICE void RunBlock(const Team& team, const ChainBack<Storage, Number>& chain, int first,
                              unsigned char* shared) {
  BackwardBlock<Storage, Number, Team, kRows>(team, chain, first, shared).Run();
}

}  // namespace sid::kernels
