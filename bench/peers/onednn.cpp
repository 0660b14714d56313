// oneDNN's dnnl_sgemm and vanilla_rnn, with weights in the layout that it likes best; putting them there is not measured.
#include <dnnl.hpp>

#include "peer.h"

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

// A layer is a case of a recurrent layer.
struct layer {
	long T, B, I, H;
	bool train;
	std::vector<std::function<void()>> steps;
	std::vector<memory> clear; // gradients are added to what is there
	memory y, dx, dh0, dwx, dwh, db;
	std::vector<float> h0;

	layer(const char *name, const char *folder) {
		T = size(name, "/t="), B = size(name, "/b="), I = size(name, "/i="), H = size(name, "/h=");
		train = !strncmp(name, "rnn_train", 9);
		auto given = [&](const char *file, memory::dims dims, tag t) {
			long n = 1;
			for (auto d : dims) n *= d;
			memory m(of(dims, t), cpu);
			float *v = operand(folder, file, n);
			memcpy(m.get_data_handle(), v, n * sizeof(float));
			free(v);
			return m;
		};
		memory x = given("x", {T, B, I}, tag::tnc), first = given("h0", {1, 1, B, H}, tag::ldnc);
		memory wx = given("wx", {1, 1, I, 1, H}, tag::ldigo), wh = given("wh", {1, 1, H, 1, H}, tag::ldigo);
		memory b = given("b", {1, 1, 1, H}, tag::ldgo);
		h0.assign(numbers(first), numbers(first) + B * H);

		auto any = of({1, 1, I, 1, H}, tag::any), anyH = of({1, 1, H, 1, H}, tag::any);
		auto kind = train ? prop_kind::forward_training : prop_kind::forward_inference;
		vanilla_rnn_forward::primitive_desc fpd(
		        cpu, kind, algorithm::eltwise_tanh, rnn_direction::unidirectional_left2right, x.get_desc(), first.get_desc(), any,
		        anyH, b.get_desc(), of({T, B, H}, tag::tnc), of({1, 1, B, H}, tag::ldnc));
		y = memory(fpd.dst_layer_desc(), cpu);
		memory last(fpd.dst_iter_desc(), cpu);
		args fa = {{DNNL_ARG_SRC_LAYER, x}, {DNNL_ARG_SRC_ITER, first}, {DNNL_ARG_BIAS, b}, {DNNL_ARG_DST_LAYER, y}, {DNNL_ARG_DST_ITER, last},
		           {DNNL_ARG_WEIGHTS_LAYER, same(wx, fpd.weights_layer_desc())}, {DNNL_ARG_WEIGHTS_ITER, same(wh, fpd.weights_iter_desc())}};
		memory kept;
		if (train) fa[DNNL_ARG_WORKSPACE] = kept = memory(fpd.workspace_desc(), cpu);
		vanilla_rnn_forward forward(fpd);
		steps.push_back([=] { forward.execute(queue, fa); });
		if (!train) return;

		memory dy = given("dy", {T, B, H}, tag::tnc), dlast = zeros(of({1, 1, B, H}, tag::ldnc));
		vanilla_rnn_backward::primitive_desc bpd(
		        cpu, prop_kind::backward, algorithm::eltwise_tanh, rnn_direction::unidirectional_left2right, x.get_desc(), first.get_desc(),
		        any, anyH, b.get_desc(), y.get_desc(), last.get_desc(), x.get_desc(), first.get_desc(), any, anyH, b.get_desc(),
		        dy.get_desc(), dlast.get_desc(), fpd);
		dx = zeros(bpd.diff_src_layer_desc()), dh0 = zeros(bpd.diff_src_iter_desc()), db = zeros(bpd.diff_bias_desc());
		dwx = zeros(bpd.diff_weights_layer_desc()), dwh = zeros(bpd.diff_weights_iter_desc());
		args ba = {{DNNL_ARG_SRC_LAYER, x}, {DNNL_ARG_SRC_ITER, first}, {DNNL_ARG_BIAS, b}, {DNNL_ARG_DST_LAYER, y}, {DNNL_ARG_DST_ITER, last},
		           {DNNL_ARG_WEIGHTS_LAYER, same(wx, bpd.weights_layer_desc())}, {DNNL_ARG_WEIGHTS_ITER, same(wh, bpd.weights_iter_desc())},
		           {DNNL_ARG_WORKSPACE, kept}, {DNNL_ARG_DIFF_DST_LAYER, dy}, {DNNL_ARG_DIFF_DST_ITER, dlast},
		           {DNNL_ARG_DIFF_SRC_LAYER, dx}, {DNNL_ARG_DIFF_SRC_ITER, dh0}, {DNNL_ARG_DIFF_WEIGHTS_LAYER, dwx},
		           {DNNL_ARG_DIFF_WEIGHTS_ITER, dwh}, {DNNL_ARG_DIFF_BIAS, db}};
		vanilla_rnn_backward backward(bpd);
		steps.push_back([=] { backward.execute(queue, ba); });
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
		auto plain = [&](const char *file, memory m, memory::dims dims, tag t, long n) {
			memory p = same(m, of(dims, t));
			result(folder, file, numbers(p), n);
		};
		plain("dx", dx, {T, B, I}, tag::tnc, T * B * I);
		plain("dh0", dh0, {1, 1, B, H}, tag::ldnc, B * H);
		plain("dwx", dwx, {1, 1, I, 1, H}, tag::ldigo, I * H);
		plain("dwh", dwh, {1, 1, H, 1, H}, tag::ldigo, H * H);
		plain("db", db, {1, 1, 1, H}, tag::ldgo, H);
	}
};

int main() {
	auto v = dnnl_version();
	printf("ready oneDNN %d.%d.%d\n", v->major, v->minor, v->patch);
	fflush(stdout);
	char line[8192], name[4096], folder[4096];
	std::function<void()> run;
	long runs;
	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "load %4095s %4095s", name, folder) == 2) {
			try {
				if (!strncmp(name, "matmul/", 7) && !strstr(name, "trans")) {
					long m = size(name, "/m="), n = size(name, "/n="), k = size(name, "/k=");
					float *a = operand(folder, "a", m * k), *b = operand(folder, "b", k * n);
					std::shared_ptr<std::vector<float>> c(new std::vector<float>(m * n));
					run = [=] { dnnl_sgemm('N', 'N', m, n, k, 1, a, k, b, n, 0, c->data(), n); };
					run();
					result(folder, "c", c->data(), m * n);
				} else if (!strncmp(name, "rnn_", 4)) {
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
