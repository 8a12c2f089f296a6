#pragma once

// The belief chain of phase 1 as one kernel, with what phase 2 needs of each belief.
//
//   for each module i:  hidden_i = relu(hidden_i + p_{i-1} Wp_i^T)      hidden_i comes with its features' half and bias
//                       logits_i = hidden_i W2_i^T + b2_i, and log p_{i-1} besides where the belief update is residual
//                       log p_i, l_i, d l_i / d logits_i                sid/cascade/kernel/row.h
//
// It is a pass of sid/cascade/kernel/block.h: a cluster of R blocks carries kRows rows through all modules; the vector is p_i, a row's state
// log p_i. Losses and gradients are computed one module later, by the warps that have least of the product. Backpropagation, which has no
// local losses, leaves them out.
//
// What bounds it, for C = 100, H = 256, float32, R = 8, kRows = 8, on an H100 at 1.755 GHz: the way from one belief to the next, not
// throughput. A block reads 2 C H / R numbers a module, 26 KB, 400 cycles of the 64 bytes that an SM takes from the L2 cache, in the
// background; the 128 blocks of B = 128 read 3.3 MB, 0.6 us of the L2's 5.5 TB/s. Its 2 C H kRows / R = 51,200 multiply-adds are 400 cycles
// of an SM's 128 lanes. In turn come: two products, each with its sum over the parts (computed: 600 cycles each), the parts' way to the row's
// block (250), a row's sums and exponentials in one warp (500), the belief's way to all blocks (250): 2,200 cycles, 1.3 us a module. LibTorch's
// operations take five launches a module instead.
// An H200 took 4.1 us, in float32 and in bfloat16 (L = 64, B = 128; bench/h200). The kernel before, a block for four rows, took 8.7 and 10.4:
// 32 blocks on 132 SMs waited for weights from the L2 cache.

#include "sid/cascade/kernel/block.h"

namespace sid::kernels {

// All arrays are contiguous. C' and H' are C and H rounded up to fours: weights and biases are filled up with zeros.
template <typename StorageType, typename NumberType>
struct Chain {
  using Storage = StorageType;
  using Number = NumberType;

  int batch = 0, depth = 0, hidden = 0, classes = 0;  // B, n, H, C
  bool reverse = false;                               // the divergence
  bool residual = false;                              // the belief update
  const Storage* into_hidden = nullptr;               // [n, C', H'], Wp^T
  const Storage* into_classes = nullptr;              // [n, H', C'], W2^T
  const Storage* output_bias = nullptr;               // [n, C']
  const Number* alphas = nullptr;                     // [n]
  const Number* log_y = nullptr;                      // [B, C]; null: no losses and gradients, and no alphas
  Storage* hidden_units = nullptr;                    // [B, n, H]: in, before the belief; out, after the ReLU
  Number* log_beliefs = nullptr;                      // [n+1, B, C]: entry 0 is given, the others are written
  Storage* logits_gradient = nullptr;                 // [n, B, C], of the batch's mean
  Number* losses = nullptr;                           // [n, B]
};

template <typename Storage, typename Number, typename Team, int kRows>
class ForwardBlock : public Block<ForwardBlock<Storage, Number, Team, kRows>, Chain<Storage, Number>, Team, kRows> {
 public:
  using Base = Block<ForwardBlock, Chain<Storage, Number>, Team, kRows>;
  using Base::Base;

  SID_HOST_DEVICE int Module(int step) const { return step; }
  SID_HOST_DEVICE const Number* FirstStates() const { return arrays().log_beliefs; }
  SID_HOST_DEVICE Number VectorOf(Number log_p, bool is_class) const { return Exp(is_class ? log_p : kNever<Number>); }

  SID_HOST_DEVICE Storage* UnitIn(int step, int row, int unit) const { return UnitOut(step, row, unit); }
  SID_HOST_DEVICE Storage* UnitOut(int step, int row, int unit) const {
    return arrays().hidden_units + (static_cast<int64_t>(row) * arrays().depth + step) * arrays().hidden + unit;
  }
  SID_HOST_DEVICE Number Activated(Number before, Number sum) const {
    const Number value = before + sum;
    return value < 0 ? Number(0) : value;  // what is no number stays so, as in LibTorch's
  }

  SID_HOST_DEVICE void CopyInputs(int step) const {
    if (!Base::Streams()) Base::CopyAll(GlobalBias(step), Base::CopiedBias(step), Base::class_stride());
    if (step > 0 || arrays().log_y == nullptr) return;
    for (int own = 0; own < Base::OwnRows(); ++own) Base::CopyInput(arrays().log_y, kLogY, own);
  }

  SID_HOST_DEVICE Quad<Number> Total(int step, int own, int first, Quad<Number> sum) const {
    Add(Load<Number>((Base::Streams() ? GlobalBias(step) : Base::CopiedBias(step)) + first), sum);
    if (arrays().residual) Add(Load<Number>(Base::State(step, own) + first), sum);
    return sum;
  }
  template <typename Lanes>
  SID_HOST_DEVICE Number Normaliser(const Lanes& lanes, const Number* logits) const {
    return LogSumExp(lanes, logits, arrays().classes);
  }
  SID_HOST_DEVICE Quad<Number> NextState(int, int, int, Quad<Number> logits, Number log_sum) const {
    for (int j = 0; j < kQuad; ++j) logits.value[j] -= log_sum;
    return logits;
  }

  SID_HOST_DEVICE Number ReadAhead(int step) const {
    return arrays().log_y == nullptr ? Number(0) : arrays().alphas[step];
  }

  // The finished rows' beliefs, losses and gradients. The last groups take the rows: they have least of the product.
  SID_HOST_DEVICE void WriteRows(int step, Number alpha) const {
    const Chain<Storage, Number>& chain = arrays();
    const auto lanes = Base::team().GroupLanes();
    for (int own = 0; own < Base::OwnRows() && Base::InBatch(Base::RowOf(own)); ++own) {
      const int64_t place = static_cast<int64_t>(step) * chain.batch + Base::BatchRow(own);
      const Number* const log_p = Base::State(step + 1, own);
      for (int c = Base::team().thread(); c < chain.classes; c += Base::team().threads()) {
        chain.log_beliefs[(place + chain.batch) * chain.classes + c] = log_p[c];
      }
      if (chain.log_y == nullptr || Base::team().group() != Base::team().groups() - 1 - own % Base::team().groups())
        continue;
      const Row<Storage, Number> row{chain.classes,
                                     alpha,
                                     Number(1) / static_cast<Number>(chain.batch),
                                     log_p,
                                     Base::State(step, own),
                                     Base::Input(kLogY, own),
                                     chain.logits_gradient + place * chain.classes};
      const Number loss = chain.reverse ? FinishReverse(lanes, row) : FinishForward(lanes, row);
      if (lanes.lane() == 0) chain.losses[place] = loss;
    }
  }

 private:
  static constexpr int kLogY = 0;  // the only input, the same for all modules
  using Base::arrays;

  SID_HOST_DEVICE const Storage* GlobalBias(int step) const {
    return arrays().output_bias + static_cast<int64_t>(step) * Base::class_stride();
  }
};

// All that one block of `team` does for rows from `first` on.
template <int kRows, typename Team, typename Storage, typename Number>
SID_HOST_DEVICE void RunBlock(const Team& team, const Chain<Storage, Number>& chain, int first, unsigned char* shared) {
  ForwardBlock<Storage, Number, Team, kRows>(team, chain, first, shared).Run();
}

}  // namespace sid::kernels
