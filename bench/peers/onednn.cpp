// oneDNN's dnnl_sgemm, vanilla_rnn, lstm and lbr_gru, with weights in the layout that it likes best; putting them there is not measured.
#include <dnnl.hpp>

#include "peer.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

using namespace dnnl;
using tag = memory::format_tag;
using args = std::unordered_map<int, memory>;

static engine cpu(engine::kind::cpu, 0);
static stream queue(cpu);

static memory::desc of(memory::dims dims, tag t) { return {dims, memory::data_type::f32, t}; }

// same is memory of another layout with the same numbers, and fresh memory of zeros.
static memory same(memory from, const memory::desc &as) {
	if (from.get_desc() == as) return from;
	memory to(as, cpu);
	reorder(from, to).execute(queue, from, to);
	queue.wait();
	return to;
}

static memory zeros(const memory::desc &as) {
	memory m(as, cpu);
	memset(m.get_data_handle(), 0, as.get_size());
	return m;
}

static float *numbers(const memory &m) { return (float *)m.get_data_handle(); }

// A layer is a case of a recurrent layer: of 1 gate, of 4, an LSTM, i f g o as oneDNN has them, or of 3, a GRU, ours r z n
// and oneDNN's z r n with a fourth bias, that of n's product with the state.
struct layer {
	long T, B, I, H, G;
	bool train;
	std::vector<std::function<void()>> steps;
	memory y, dx, dh0, dc0, dwx, dwh, db;
	std::vector<float> h0;

	// swapped exchanges the first two gates of a GRU in rows of them, for itself and back.
	float *swapped(float *v, long rows) {
		if (G == 3)
			for (long i = 0; i < rows; i++) std::swap_ranges(v + 3 * H * i, v + 3 * H * i + H, v + 3 * H * i + H);
		return v;
	}

	memory given(const char *folder, const char *file, memory::dims dims, tag t, bool gates = false) {
		memory m(of(dims, t), cpu);
		long n = m.get_desc().get_size() / sizeof(float);
		float *v = operand(folder, file, n);
		memcpy(numbers(m), gates ? swapped(v, n / (G * H)) : v, n * sizeof(float));
		free(v);
		return m;
	}

	// biases is those of all gates.
	memory biases(const char *folder) {
		memory m = zeros(of({1, 1, G == 3 ? 4 : G, H}, tag::ldgo));
		float *b = swapped(operand(folder, "b", G * H), 1), *to = numbers(m);
		memcpy(to, b, G * H * sizeof(float));
		free(b);
		if (G == 3) {
			float *bh = swapped(operand(folder, "bh", G * H), 1);
			for (long i = 0; i < 2 * H; i++) to[i] += bh[i];
			memcpy(to + 3 * H, bh + 2 * H, H * sizeof(float));
			free(bh);
		}
		return m;
	}

	layer(const char *name, const char *folder) {
		T = size(name, "/t="), B = size(name, "/b="), I = size(name, "/i="), H = size(name, "/h=");
		G = name[0] == 'l' ? 4 : name[0] == 'g' ? 3 : 1;
		train = strstr(name, "_train") != NULL;
		const auto state = of({1, 1, B, H}, tag::ldnc), ys = of({T, B, H}, tag::tnc);
		const auto any = of({1, 1, I, G, H}, tag::any), anyH = of({1, 1, H, G, H}, tag::any);
		memory x = given(folder, "x", {T, B, I}, tag::tnc), first = given(folder, "h0", {1, 1, B, H}, tag::ldnc);
		memory wx = given(folder, "wx", {1, 1, I, G, H}, tag::ldigo, true), wh = given(folder, "wh", {1, 1, H, G, H}, tag::ldigo, true);
		memory b = biases(folder), cells;
		h0.assign(numbers(first), numbers(first) + B * H);
		if (G == 4) cells = given(folder, "c0", {1, 1, B, H}, tag::ldnc);

		const auto kind = train ? prop_kind::forward_training : prop_kind::forward_inference;
		const auto way = rnn_direction::unidirectional_left2right;
		const auto xs = x.get_desc(), bs = b.get_desc();
		primitive_desc fpd;
		std::function<primitive_desc()> backward;
		if (G == 4) {
			lstm_forward::primitive_desc f(cpu, kind, way, xs, state, state, any, anyH, bs, ys, state, state);
			fpd = f, backward = [=] {
				return lstm_backward::primitive_desc(cpu, prop_kind::backward, way, xs, state, state, any, anyH, bs, ys, state, state,
				                                     xs, state, state, any, anyH, bs, ys, state, state, f);
			};
		} else if (G == 3) {
			lbr_gru_forward::primitive_desc f(cpu, kind, way, xs, state, any, anyH, bs, ys, state);
			fpd = f, backward = [=] {
				return lbr_gru_backward::primitive_desc(cpu, prop_kind::backward, way, xs, state, any, anyH, bs, ys, state,
				                                        xs, state, any, anyH, bs, ys, state, f);
			};
		} else {
			const auto tanh = algorithm::eltwise_tanh;
			vanilla_rnn_forward::primitive_desc f(cpu, kind, tanh, way, xs, state, any, anyH, bs, ys, state);
			fpd = f, backward = [=] {
				return vanilla_rnn_backward::primitive_desc(cpu, prop_kind::backward, tanh, way, xs, state, any, anyH, bs, ys, state,
				                                            xs, state, any, anyH, bs, ys, state, f);
			};
		}
		// wants is the layout that a primitive likes for an argument.
		auto wants = [](const primitive_desc &pd, int arg) { return pd.query_md(query::exec_arg_md, arg); };
		y = memory(ys, cpu);
		args all = {{DNNL_ARG_SRC_LAYER, x}, {DNNL_ARG_SRC_ITER, first}, {DNNL_ARG_BIAS, b}, {DNNL_ARG_DST_LAYER, y},
		            {DNNL_ARG_DST_ITER, memory(state, cpu)}};
		if (G == 4) all[DNNL_ARG_SRC_ITER_C] = cells, all[DNNL_ARG_DST_ITER_C] = memory(state, cpu);
		if (train) all[DNNL_ARG_WORKSPACE] = memory(fpd.workspace_desc(), cpu);
		auto step = [&](primitive_desc pd) {
			all[DNNL_ARG_WEIGHTS_LAYER] = same(wx, wants(pd, DNNL_ARG_WEIGHTS_LAYER));
			all[DNNL_ARG_WEIGHTS_ITER] = same(wh, wants(pd, DNNL_ARG_WEIGHTS_ITER));
			primitive p(pd);
			args now = all;
			steps.push_back([=] { p.execute(queue, now); });
		};
		step(fpd);
		if (!train) return;

		primitive_desc bpd = backward();
		all[DNNL_ARG_DIFF_DST_LAYER] = given(folder, "dy", {T, B, H}, tag::tnc), all[DNNL_ARG_DIFF_DST_ITER] = zeros(state);
		all[DNNL_ARG_DIFF_SRC_LAYER] = dx = zeros(xs), all[DNNL_ARG_DIFF_SRC_ITER] = dh0 = zeros(state);
		all[DNNL_ARG_DIFF_WEIGHTS_LAYER] = dwx = zeros(wants(bpd, DNNL_ARG_DIFF_WEIGHTS_LAYER));
		all[DNNL_ARG_DIFF_WEIGHTS_ITER] = dwh = zeros(wants(bpd, DNNL_ARG_DIFF_WEIGHTS_ITER));
		all[DNNL_ARG_DIFF_BIAS] = db = zeros(bs);
		if (G == 4) all[DNNL_ARG_DIFF_DST_ITER_C] = zeros(state), all[DNNL_ARG_DIFF_SRC_ITER_C] = dc0 = zeros(state);
		step(bpd);
	}

	void run() {
		for (auto &s : steps) s();
		queue.wait();
	}

	void results(const char *folder) {
		std::vector<float> h = h0;
		h.insert(h.end(), numbers(y), numbers(y) + T * B * H);
		result(folder, "h", h.data(), h.size());
		if (!train) return;
		result(folder, "dx", numbers(dx), T * B * I);
		result(folder, "dh0", numbers(dh0), B * H);
		if (G == 4) result(folder, "dc0", numbers(dc0), B * H);
		auto weights = [&](const char *file, memory m, long rows) {
			memory plain(of({1, 1, rows, G, H}, tag::ldigo), cpu); // a copy, as m is to be added to
			reorder(m, plain).execute(queue, m, plain);
			queue.wait();
			result(folder, file, swapped(numbers(plain), rows), rows * G * H);
		};
		weights("dwx", dwx, I);
		weights("dwh", dwh, H);
		std::vector<float> bias(numbers(db), numbers(db) + G * H);
		result(folder, "db", swapped(bias.data(), 1), G * H);
		if (G == 3) { // that of the state's product: the same but for n
			memcpy(bias.data() + 2 * H, numbers(db) + 3 * H, H * sizeof(float));
			result(folder, "dbh", bias.data(), G * H);
		}
	}
};

int main() {
	auto v = dnnl_version();
	printf("ready oneDNN %d.%d.%d\n", v->major, v->minor, v->patch);
	fflush(stdout);
	char line[8192], name[4096], folder[4096], type[16];
	std::function<void()> run;
	long runs;
	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "load %4095s %4095s %15s", name, folder, type) == 3) {
			try {
				const bool single = !strcmp(type, "float32");
				if (single && !strncmp(name, "matmul/", 7)) {
					long m = size(name, "/m="), n = size(name, "/n="), k = size(name, "/k=");
					float *a = operand(folder, "a", m * k), *b = operand(folder, "b", k * n);
					std::shared_ptr<std::vector<float>> c(new std::vector<float>(m * n));
					const bool ta = transposed(name, 'a'), tb = transposed(name, 'b');
					run = [=] { dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', m, n, k, 1, a, ta ? m : k, b, tb ? k : n, 0, c->data(), n); };
					run();
					result(folder, "c", c->data(), m * n);
				} else if (single && (!strncmp(name, "rnn_", 4) || !strncmp(name, "lstm_", 5) || !strncmp(name, "gru_", 4))) {
					std::shared_ptr<layer> l(new layer(name, folder));
					run = [=] { l->run(); };
					run();
					l->results(folder);
				} else {
					printf("no it is not measured\n");
					fflush(stdout);
					continue;
				}
				printf("ok\n");
			} catch (const error &e) {
				printf("failed %s\n", e.what());
			}
		} else if (sscanf(line, "run %ld", &runs) == 1) {
			double start = seconds();
			for (long i = 0; i < runs; i++) run();
			printf("%.9g\n", seconds() - start);
		}
		fflush(stdout);
	}
}
