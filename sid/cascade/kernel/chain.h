#pragma once

// The belief chain of phase 1 as one kernel, with what phase 2 needs of each belief.
//
//   for each module i:  hidden_i = relu(hidden_i + p_{i-1} Wp_i^T)      hidden_i comes with its features' half and bias
//                       logits_i = hidden_i W2_i^T + b2_i, and log p_{i-1} besides where the belief update is residual
//                       log p_i, l_i, d l_i / d logits_i                sid/cascade/kernel/row.h
//
// Rows of a batch know nothing of each other, so a block carries kRows of them through all modules: beliefs stay in shared memory,
// there is no launch for a module and no synchronisation between blocks. Weights are streamed, transposed, so that neighbouring
// threads read neighbouring columns, four at a time.
//
// What bounds it. A block reads every weight of the chain once, 2 C H numbers a module: 205 KB for C = 100, H = 256 in float32. An SM takes
// at most 64 bytes a cycle from the L2 cache, 3,200 cycles or 1.8 us a module on an H100 (half in bf16). Its arithmetic, 4 C H kRows
// flops, is 1,600 cycles at kRows = 4, which hides behind that. One row a block would make all SMs read all weights: 26 MB a module for
// B = 128, 4.8 us of the L2's 5.5 TB/s; four rows need a quarter of it. LibTorch's operations take five launches a module instead.
// An H100 took 8.8 us a module (L = 64, float32; bench/h100): 39 % of the stalls waited for shared memory, whose stores met in the same banks
// 8.9 times over. Partial sums now lie kPitch apart and rows go as one access of 16 bytes, so that they meet at most twice
// (chain_test counts); not measured since.
//
// A block's work is written for a `Team`, its threads: on a GPU a block, in the tests as many threads of the CPU, so that the same
// code is tested, with its synchronisation, where there is no GPU.

#include <cstdint>

#include "sid/cascade/kernel/host_device.h"
#include "sid/cascade/kernel/row.h"

namespace sid::kernels {

inline constexpr int kRows = 4;     // of the batch in a block
inline constexpr int kColumns = 4;  // of a weight matrix in a thread: 16 bytes of float32
// Numbers from one thread's partial sums to the next one's: the stores of 8 neighbours, 16 bytes each, fall on all 32 banks once.
inline constexpr int kPitch = kColumns * kRows + 4;

// Storage is what products are made of, Number what they are summed in, and what beliefs and losses are. All arrays are contiguous.
template <typename Storage, typename Number>
struct Chain {
  int batch = 0, depth = 0, hidden = 0, classes = 0;  // B, n, H, C
  int hidden_stride = 0, class_stride = 0;            // H and C rounded up to kColumns: the rows of the weights below
  bool reverse = false;                               // the divergence
  bool residual = false;                              // the belief update
  const Storage* belief_weight = nullptr;             // [n, C, hidden_stride], Wp^T
  const Storage* output_weight = nullptr;             // [n, H, class_stride], W2^T
  const Storage* output_bias = nullptr;               // [n, C]
  const Number* alphas = nullptr;                     // [n]
  const Number* log_y = nullptr;                      // [B, C]
  Storage* hidden_units = nullptr;                    // [B, n, H]: in, before the belief; out, after the ReLU
  Number* log_beliefs = nullptr;                      // [n+1, B, C]: entry 0 is given, the others are written
  Storage* logits_gradient = nullptr;                 // [n, B, C], of the batch's mean
  Number* losses = nullptr;                           // [n, B]
};

// What a block shares, in Numbers from the start of its shared memory.
struct Layout {
  int belief, hidden, logits, log_q, partial, size;
};

SID_HOST_DEVICE Layout LayoutOf(int threads, int hidden, int classes, int hidden_stride, int class_stride) {
  const int widest = hidden_stride > class_stride ? hidden_stride : class_stride;
  const int units = widest / kColumns > threads ? widest / kColumns : threads;
  Layout layout{};
  layout.belief = 0;
  layout.hidden = layout.belief + classes * kRows;
  layout.logits = layout.hidden + hidden * kRows;
  layout.log_q = layout.logits + classes * kRows;
  layout.partial = layout.log_q + classes * kRows;
  layout.size = layout.partial + units * kPitch;
  return layout;
}

template <typename Storage>
struct alignas(sizeof(Storage) * kColumns > 16 ? 16 : sizeof(Storage) * kColumns) Columns {
  Storage value[kColumns];
};

// The batch's rows of one number, at once.
template <typename Number>
struct alignas(sizeof(Number) * kRows > 16 ? 16 : sizeof(Number) * kRows) RowsOf {
  Number value[kRows];
};

// To shared memory, aligned for RowsOf: 16 bytes at once. nvcc makes four stores of an assignment, even of a float4's.
template <typename Number>
SID_HOST_DEVICE void Store(const RowsOf<Number>& rows, Number* place) {
  static_assert(kRows == 4);
#ifdef __CUDA_ARCH__
  const auto address = static_cast<unsigned>(__cvta_generic_to_shared(place));
  const Number* const value = rows.value;
  if constexpr (sizeof(Number) == 4) {
    asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(address), "f"(value[0]), "f"(value[1]), "f"(value[2]),
                 "f"(value[3])
                 : "memory");
  } else {
    reinterpret_cast<double2*>(place)[0] = make_double2(value[0], value[1]);
    reinterpret_cast<double2*>(place)[1] = make_double2(value[2], value[3]);
  }
#else
  *reinterpret_cast<RowsOf<Number>*>(place) = rows;
#endif
}

// Where the sum of a part lies, for a column and the first of its rows.
SID_HOST_DEVICE int PartialPlace(int part, int stride, int column) {
  return (part * (stride / kColumns) + column / kColumns) * kPitch + column % kColumns * kRows;
}

// in [inner][kRows] times weight [inner, stride], split over the team: a thread sums every parts-th of the inner numbers for
// kColumns columns into `partial`, at PartialPlace. Returns how many parts there are.
template <typename Storage, typename Number, typename Team>
SID_HOST_DEVICE int PartialProducts(const Team& team, const Number* in, const Storage* weight, int inner, int stride,
                                    Number* partial) {
  const int groups = stride / kColumns, parts = team.threads() > groups ? team.threads() / groups : 1;
  for (int unit = team.thread(); unit < groups * parts; unit += team.threads()) {
    const int column = unit % groups * kColumns, part = unit / groups;
    RowsOf<Number> sum[kColumns] = {};
    // So that several loads are under way: one at a time would wait for the L2 cache's latency at each.
    SID_UNROLL(4)
    for (int k = part; k < inner; k += parts) {
      const auto weights =
          *reinterpret_cast<const Columns<Storage>*>(weight + static_cast<int64_t>(k) * stride + column);
      const auto rows = *reinterpret_cast<const RowsOf<Number>*>(in + k * kRows);
      for (int j = 0; j < kColumns; ++j) {
        for (int r = 0; r < kRows; ++r) sum[j].value[r] += static_cast<Number>(weights.value[j]) * rows.value[r];
      }
    }
    for (int j = 0; j < kColumns; ++j) {
      Store(sum[j], partial + PartialPlace(part, stride, column + j));
    }
  }
  return parts;
}

// Element [column][row] of what PartialProducts split.
template <typename Number>
SID_HOST_DEVICE Number SumOfParts(const Number* partial, int parts, int stride, int column, int row) {
  Number sum = 0;
  for (int part = 0; part < parts; ++part) sum += partial[PartialPlace(part, stride, column) + row];
  return sum;
}

// Rows [first, first + kRows) of the batch, or as many as there are. Every method is for all threads of the team, and what one
// writes the next reads: they synchronise in between.
template <typename Storage, typename Number, typename Team>
class Block {
 public:
  // `shared` holds LayoutOf(...).size Numbers.
  SID_HOST_DEVICE Block(const Team& team, const Chain<Storage, Number>& chain, int first, Number* shared)
      : team_(team), chain_(chain), first_(first), rows_(chain.batch - first < kRows ? chain.batch - first : kRows) {
    const Layout layout =
        LayoutOf(team.threads(), chain.hidden, chain.classes, chain.hidden_stride, chain.class_stride);
    belief_ = shared + layout.belief;
    hidden_ = shared + layout.hidden;
    logits_ = shared + layout.logits;
    log_q_ = shared + layout.log_q;
    partial_ = shared + layout.partial;
  }

  SID_HOST_DEVICE void Run() {
    LoadBeliefs();
    team_.Synchronise();
    for (int i = 0; i < chain_.depth; ++i) {
      int parts = PartialProducts(team_, belief_, Module(chain_.belief_weight, i, chain_.classes, chain_.hidden_stride),
                                  chain_.classes, chain_.hidden_stride, partial_);
      team_.Synchronise();
      ActivateHidden(i, parts);
      team_.Synchronise();
      parts = PartialProducts(team_, hidden_, Module(chain_.output_weight, i, chain_.hidden, chain_.class_stride),
                              chain_.hidden, chain_.class_stride, partial_);
      team_.Synchronise();
      SumLogits(i, parts);
      team_.Synchronise();
      FinishRows(i);
      team_.Synchronise();
    }
  }

 private:
  SID_HOST_DEVICE static const Storage* Module(const Storage* weights, int module, int rows, int stride) {
    return weights + static_cast<int64_t>(module) * rows * stride;
  }

  // As products see it: rounded to Storage.
  SID_HOST_DEVICE void SetBelief(int row, int c, Number log_p) {
    belief_[c * kRows + row] = static_cast<Number>(static_cast<Storage>(Exp(log_p)));
  }

  SID_HOST_DEVICE void LoadBeliefs() {
    for (int k = team_.thread(); k < chain_.classes * kRows; k += team_.threads()) {
      const int row = k % kRows, c = k / kRows;
      // Rows past the batch compute like the others, on zeros, and write nothing.
      const Number log_q =
          row < rows_ ? chain_.log_beliefs[static_cast<int64_t>(first_ + row) * chain_.classes + c] : Number(0);
      log_q_[row * chain_.classes + c] = log_q;
      SetBelief(row, c, log_q);
    }
  }

  SID_HOST_DEVICE void ActivateHidden(int module, int parts) {
    for (int k = team_.thread(); k < chain_.hidden * kRows; k += team_.threads()) {
      const int row = k % kRows, h = k / kRows;
      hidden_[k] = 0;
      if (row >= rows_) continue;
      Storage& unit =
          chain_.hidden_units[(static_cast<int64_t>(first_ + row) * chain_.depth + module) * chain_.hidden + h];
      const Number sum = static_cast<Number>(unit) + SumOfParts(partial_, parts, chain_.hidden_stride, h, row);
      unit = static_cast<Storage>(sum < 0 ? Number(0) : sum);  // what is no number stays so, as in LibTorch's
      hidden_[k] = static_cast<Number>(unit);
    }
  }

  SID_HOST_DEVICE void SumLogits(int module, int parts) {
    for (int k = team_.thread(); k < chain_.classes * kRows; k += team_.threads()) {
      const int row = k % kRows, c = k / kRows;
      const Number output = SumOfParts(partial_, parts, chain_.class_stride, c, row) +
                            static_cast<Number>(chain_.output_bias[static_cast<int64_t>(module) * chain_.classes + c]);
      logits_[row * chain_.classes + c] = chain_.residual ? log_q_[row * chain_.classes + c] + output : output;
    }
  }

  // A group of lanes a row.
  SID_HOST_DEVICE void FinishRows(int module) {
    const auto lanes = team_.GroupLanes();
    for (int r = team_.group(); r < rows_; r += team_.groups()) {
      const int64_t place = static_cast<int64_t>(module) * chain_.batch + first_ + r;
      Number* log_p = log_q_ + r * chain_.classes;  // the belief replaces its teacher
      const Row<Storage, Number> row{chain_.classes,
                                     chain_.alphas[module],
                                     Number(1) / static_cast<Number>(chain_.batch),
                                     logits_ + r * chain_.classes,
                                     log_p,
                                     chain_.log_y + static_cast<int64_t>(first_ + r) * chain_.classes,
                                     log_p,
                                     chain_.logits_gradient + place * chain_.classes};
      const Number loss = chain_.reverse ? FinishReverse(lanes, row) : FinishForward(lanes, row);
      if (lanes.lane() == 0) chain_.losses[place] = loss;
      for (int c = lanes.lane(); c < chain_.classes; c += lanes.lanes()) {
        chain_.log_beliefs[(place + chain_.batch) * chain_.classes + c] = log_p[c];
        SetBelief(r, c, log_p[c]);
      }
    }
  }

  const Team& team_;
  const Chain<Storage, Number>& chain_;
  int first_, rows_;
  Number *belief_, *hidden_, *logits_, *log_q_, *partial_;
};

}  // namespace sid::kernels
