//go:build opencl

package opencl_test

import (
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/devicetest"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/opencl"
	"github.com/keisan-go/keisan/kernels"
)

// A mutant is a mistake in a kernel's source, and the kernel by which the conformance suite must find it.
type mutant struct {
	class    string // of devices on which it shows
	kernel   string
	file     string
	from, to string // there is exactly one from in the file
}

// plant returns the driver with the mistake in what it compiles; nil is none.
func (m *mutant) plant(d gpu.Driver) gpu.Driver {
	if m == nil {
		return d
	}
	text, err := kernels.Source.ReadFile("src/" + m.file + ".cl")
	if err != nil {
		panic(err)
	}
	return &edited{d, string(text), m.edit(string(text))}
}

// edit is the file's text with the mistake.
func (m *mutant) edit(text string) string {
	if n := strings.Count(text, m.from); n != 1 {
		panic("there is not once, but " + strings.Repeat("once and ", n) + "never again, in " + m.file + ".cl: " + m.from)
	}
	return strings.Replace(text, m.from, m.to, 1)
}

// edited is a driver that compiles to instead of from.
type edited struct {
	gpu.Driver
	from, to string
}

func (e *edited) Compile(defines, source string) (gpu.Program, error) {
	return e.Driver.Compile(defines, strings.Replace(source, e.from, e.to, 1))
}

// TestMutants plants mistakes into the kernels' sources, one at a time. What the conformance suite has of one kernel must
// find it, on the device as a CPU or as a GPU.
func TestMutants(t *testing.T) {
	devicetest.Require(t, first)
	for _, m := range mutants {
		t.Run(m.class+"/"+m.kernel+"/"+m.file, func(t *testing.T) {
			kind := device.CPU
			if m.class == "GPU" {
				kind = device.GPU
			}
			planted := &m
			if m.file == "prelude" {
				planted = nil
				var before string
				opencl.SetPrelude(func(old string) string { before = old; return m.edit(old) })
				defer opencl.SetPrelude(func(string) string { return before })
			}
			err := devicetest.Find(func() (device.Device, error) { return openAs(kind, planted) }, m.kernel)
			if err == nil {
				t.Fatalf("nothing finds, in place of\n%s\nthis:\n%s", m.from, m.to)
			}
			message, _, _ := strings.Cut(err.Error(), "\n")
			if strings.Contains(message, "compiling") {
				t.Fatal(err)
			}
			t.Logf("%.160s", message)
		})
	}
	t.Logf("%d mutants", len(mutants))
}

var mutants = []mutant{
	// A CPU's product.
	{"CPU", "MatMul", "matmul", "for (int j = 0; j < cols; j++)\n\t\t\tc[i * n + j]", "for (int j = 0; j <= cols; j++)\n\t\t\tc[i * n + j]"},
	{"CPU", "MatMul", "matmul", "? from[i * x_k + c * x_n] : 0", "? from[i * x_n + c * x_k] : 0"},
	{"CPU", "MatMul", "matmul", "from[i * x_k + c];", "from[c];"},
	{"CPU", "MatMul", "matmul", "from[i + c * x_n]", "from[i + c]"},
	{"CPU", "MatMul", "matmul", "last -= last < m ? last % ROWS : 0", "last -= last % ROWS"},
	{"CPU", "MatMul", "matmul", "start && whole ? VECTOR(d + i * d_m, v) : 0", "0"},
	{"CPU", "MatMul", "matmul", "j < cols ? d[i * d_m + j] : 0", "j < cols ? d[j] : 0"},
	{"CPU", "MatMul", "matmul", "EACH (1, t, (m + ROWS - 1) / ROWS)", "EACH (1, t, m / ROWS)"},
	{"CPU", "MatMul", "matmul", "a + i * k, panels", "a, panels"},
	{"CPU", "MatMul", "matmul", "index i = min(t, last - ROWS)", "index i = t"},
	{"CPU", "MatMul", "matmul", "a[i * a_m + l * a_k]", "a[i * a_k + l * a_m]"},
	{"CPU", "MatMul", "matmul", "if (alone)", "if (!alone)"},
	{"CPU", "MatMul", "matmul", "if (finish == PLAIN && whole)", "if (whole)"},
	{"CPU", "MatMul", "matmul", "activate_all(f, edges, ROWS * WIDTH);", "activate_all(f, edges, WIDTH);"},
	{"CPU", "RNNGrad", "matmul", ", e += stride", ""},
	{"CPU", "RNNGrad", "matmul", "edges[i * WIDTH + j], e[i * n + j])", "edges[i * WIDTH + j], e[j])"},
	{"CPU", "RNN", "matmul", "if (finish == ACTIVATE)", "if (false)"},
	{"CPU", "SumRows", "matmul", "sum[j] = acc ? to[j] : 0", "sum[j] = 0"},
	{"CPU", "SumRows", "matmul", "min(first + BLOCK, rows)", "min(first + BLOCK, rows - 1)"},
	// A GPU's product.
	{"GPU", "MatMul", "matmul", "if (y < m && x < n)\n", "if (y < m && x <= n)\n"},
	{"GPU", "MatMul", "matmul", "start && y < m && x < n ? d[y * d_m + x] : 0", "0"},
	{"GPU", "MatMul", "matmul", "d[y * d_m + x]", "d[y * n + x]"},
	{"GPU", "MatMul", "matmul", "x + i * x_i + l * x_k", "x + i * x_k + l * x_i"},
	{"GPU", "MatMul", "matmul", "if (aligned && left >= 4)", "if (aligned)"},
	{"GPU", "MatMul", "matmul", "STORE_PIECES(slab_b, next_b, BN, b_k)\n\t\tSYNC;", "STORE_PIECES(slab_b, next_b, BN, b_k)"},
	{"GPU", "MatMul", "matmul", "term += BK;", "term += BK - 1;"},
	{"GPU", "MatMul", "matmul", "finished(finish, f, sum[i][j]", "finished(finish, f, sum[i][0]"},
	{"GPU", "RNN", "matmul", "finish == ACTIVATE ? activation(f, v)", "finish == ACTIVATE ? v"},
	{"GPU", "RNNGrad", "matmul", "gradient(f, v, *e)", "v"},
	{"GPU", "SumRows", "matmul", "= total(&sum);\n\tSYNC;", "= total(&sum);"},
	{"GPU", "SumRows", "matmul", "i = ITEM(1); i < rows;", "i = ITEM(1); i < rows - 1;"},
	{"GPU", "SumRows", "matmul", "acc ? y[j] : 0", "0"},
	// Arrays, teams and sums.
	{"CPU", "Copy", "math", "x += x##_at", "x += 0"},
	{"GPU", "SumSquares", "math", "+= of[ITEM(0) + apart];\n\t\tSYNC;", "+= of[ITEM(0) + apart];"},
	{"GPU", "Softmax", "math", "larger(of[ITEM(0)], of[ITEM(0) + apart]);\n\t\tSYNC;\n\t}\n\tv = of[0];\n\tSYNC;",
		"larger(of[ITEM(0)], of[ITEM(0) + apart]);\n\t\tSYNC;\n\t}\n\tv = of[0];"},
	{"GPU", "Softmax", "math", "i < (n); i += LANES", "i < (n) - 1; i += LANES"},
	{"CPU", "Softmax", "math", "i < (n); i += GROUPS(0)", "i < (n); i += (n)"},
	{"CPU", "SumSquares", "math", "s->total += s->block;", "s->total = s->block;"},
	{"GPU", "Activate", "prelude", "i < (n); i += IDS(axis)", "i < (n); i += (n)"},
	{"CPU", "Activate", "prelude", "i##_end = (n) * (ID(axis) + 1) / IDS(axis)", "i##_end = (n) / IDS(axis) * (ID(axis) + 1)"},
	// The functions.
	{"CPU", "Activate", "math", "1.6666665459e-1f", "1.667e-1f"},
	{"CPU", "Activate", "math", "1. / 5040)", "1. / 5041)"},
	{"CPU", "Activate", "math", "1.33314422036e-1f", "1.3332e-1f"},
	{"CPU", "Activate", "math", "1.12811678491632931402e2", "1.128116785e2"},
	{"CPU", "Activate", "math", "x > EXP_MAX ? EXP_MAX : x < EXP_MIN ? EXP_MIN : x", "x < EXP_MAX ? x > EXP_MIN ? x : EXP_MIN : EXP_MAX"},
	{"CPU", "Activate", "math", "#define EXP_MIN -105", "#define EXP_MIN -88"},
	{"CPU", "Activate", "math", "x * power_of_2(low) * power_of_2(n - low)", "x * power_of_2(n)"},
	{"CPU", "Activate", "math", "exp_parts(-fabs(x), ", "exp_parts(-x, "},
	{"CPU", "Activate", "math", "return x <= 0 ? 0 : x;", "return x > 0 ? x : 0;"},
	{"CPU", "Activate", "math", "+ 1), x);", "+ 1), 1);"},
	{"CPU", "ActivateGrad", "math", "dy * ((1 - y) * (1 + y))", "dy * (1 - y * y)"},
	{"CPU", "ActivateGrad", "math", "return y > 0 ? dy : 0;", "return y >= 0 ? dy : 0;"},
	// Recurrent layers.
	{"CPU", "RNN", "rnn", "*h = takes ? v : *last;", "*h = v;"},
	{"GPU", "RNN", "rnn", "*y = takes ? v : 0;", "*y = v;"},
	{"CPU", "RNNGrad", "rnn", "t == (reverse ? 0 : taken - 1)", "t == taken - 1"},
	{"CPU", "RNNGrad", "rnn", "*dy + *dh", "*dh"},
	{"GPU", "RNNGrad", "rnn", "t < taken ? gradient(f, d, *h) : 0", "gradient(f, d, *h)"},
	{"CPU", "RNNGrad", "rnn", "t = reverse ? taken - 1 : 0;", "t = 0;"},
	{"CPU", "RNNGrad", "rnn", "if (taken > 0)", "if (true)"},
	{"CPU", "RNNGrad", "rnn", "return bounded ? max((index)0, min(steps, (index)lengths[row])) : steps;", "return steps;"},
	{"CPU", "LSTM", "lstm", "i = sigmoid(z[0]), f = sigmoid(z[1])", "i = sigmoid(z[1]), f = sigmoid(z[0])"},
	{"GPU", "LSTM", "lstm", "*h = *last_h, *c = *last_c;", "*h = *last_h, *c = 0;"},
	{"CPU", "LSTM", "lstm", "gates[3 * n] = *y = 0", "gates[3 * n] = 0"},
	{"CPU", "LSTMGrad", "lstm", "*dc = e * f;", "*dc = e * i;"},
	{"GPU", "LSTMGrad", "lstm", "dz[gate + 2 * n] = dz[gate + 3 * n] = 0", "dz[gate + 2 * n] = 0"},
	{"CPU", "LSTMGrad", "lstm", "d * y * o", "e * y * o"},
	{"CPU", "GRU", "gru", "(1 - z) * v + z * *last", "z * v + (1 - z) * *last"},
	{"GPU", "GRU", "gru", "*h = *last;", "*h = 0;"},
	{"CPU", "GRU", "gru", "= *q = *y = 0", "= *y = 0"},
	{"CPU", "GRUGrad", "gru", "*dh = g * z;", "*dh = g * r;"},
	{"CPU", "GRUGrad", "gru", "d[n] = d[2 * n] = 0;", "d[n] = 0;"},
	{"GPU", "GRUGrad", "gru", "d[0] = of_r, d[n] = of_z", "d[0] = of_z, d[n] = of_r"},
	{"CPU", "GRUGrad", "gru", "dh[first + j] += g * r;", "dh[first + j] += g;"},
	// Element by element.
	{"CPU", "Binary", "elementwise", "xi + i * STEP_X", "xi + i"},
	{"GPU", "Binary", "elementwise", "x + y : op == MUL", "x - y : op == MUL"},
	{"CPU", "Binary", "elementwise", "i /= nest->n[l];", ""},
	{"CPU", "BinaryGrad", "elementwise", "dz * (-other / (own * own))", "dz * (other / (own * own))"},
	{"CPU", "BinaryGrad", "elementwise", "for (index j = 0; j < terms; j++)", "for (index j = 1; j < terms; j++)"},
	{"GPU", "BinaryGrad", "elementwise", "EACH_LANE (j, terms)", "EACH_LANE (j, terms - 1)"},
	{"CPU", "Copy", "copy", "dst[i] = src[i];", "dst[i] = src[n - 1 - i];"},
	{"CPU", "Fill", "copy", "dst[i] = value;", "dst[i] = value + 0;"},
	{"CPU", "Gather", "gather", "id < v ? w", "id < v - 1 ? w"},
	{"GPU", "Gather", "gather", "? w[id * d + j]", "? w[id * d]"},
	{"CPU", "ScatterAdd", "gather", "if (id >= 0 && id < v)\n\t\t\tfor", "if (id > 0 && id < v)\n\t\t\tfor"},
	{"CPU", "ScatterAdd", "gather", "dw[id * d + j] += dy", "dw[id * d + j] = dy"},
	{"GPU", "ScatterAdd", "gather", "before < 0 && id >= 0 && id < v", "before < 0 && id > 0 && id < v"},
	{"GPU", "ScatterAdd", "gather", "before >= 0 && ids[before] != id", "before > 0 && ids[before] != id"},
	{"GPU", "ScatterAdd", "gather", "after < rows && ids[after] != id", "after < rows - 1 && ids[after] != id"},
	{"GPU", "ScatterAdd", "gather", "before < 0 && id", "before < i && id"},
	{"GPU", "ScatterAdd", "gather", "k = next[k]", "k = rows"},
	{"CPU", "Dropout", "dropout", "round < 10", "round < 9"},
	{"GPU", "Dropout", "dropout", "0xBB67AE85u", "0xBB67AE86u"},
	{"GPU", "Dropout", "dropout", "min((index)4, period - four * 4)", "4 - (period - four * 4 < 4)"},
	{"CPU", "Dropout", "dropout", "t * period + four * 4;", "four * 4;"},
	{"CPU", "Dropout", "dropout", "word[i] < (unsigned)threshold", "(int)word[i] < threshold"},
	{"CPU", "ElementLoss", "loss", "(v - t) * (v - t)", "(v - t) * (v + t)"},
	{"GPU", "ElementLoss", "loss", "exp_(-fabs(v))", "exp_(-v)"},
	{"CPU", "ElementLossGrad", "loss", "2 * (x[i] - target[i])", "x[i] - target[i]"},
	{"GPU", "ElementLossGrad", "loss", "sigmoid(x[i])", "x[i]"},
	// Rows.
	{"CPU", "LayerNorm", "layernorm", "(xi[j] - m) * (xi[j] - m)", "xi[j] * xi[j] - m * m"},
	{"GPU", "LayerNorm", "layernorm", "+ beta[j]", "+ beta[0]"},
	{"GPU", "LayerNorm", "layernorm", "if (ITEM(0) == 0) {\n\t\t\tmean[i] = m;", "if (ITEM(0) == 0) {\n\t\t\tmean[0] = m;"},
	{"CPU", "LayerNorm", "layernorm", "/ c + eps", "/ (c - 1) + eps"},
	{"CPU", "LayerNormGrad", "layernorm", "terms[at] = dy[at] * normal", "terms[at] = g * normal"},
	{"GPU", "LayerNormGrad", "layernorm", "- of_g", ""},
	{"GPU", "LayerNormGrad", "layernorm", "add(&products, g * normal)", "add(&products, dy[at] * normal)"},
	{"CPU", "Softmax", "softmax", "exp_(x[j] - largest)", "exp_(x[j])"},
	{"GPU", "Softmax", "softmax", "yi[j] /= sum;", "yi[j] /= sum + R(1e-3);"},
	{"CPU", "SoftmaxGrad", "softmax", "- dot)", ")"},
	{"CPU", "SoftmaxCrossEntropy", "softmax", "log(sum) - (right - largest)", "log(sum) - right"},
	{"GPU", "SoftmaxCrossEntropy", "softmax", "if (mine)", "if (ITEM(0) == 0)"},
	{"CPU", "SoftmaxCrossEntropy", "softmax", "losses[i] = t == -1 ? 0 :", "losses[i] ="},
	{"CPU", "SoftmaxCrossEntropyGrad", "softmax", "(j == t)", "(j == t + 1)"},
	{"CPU", "SoftmaxCrossEntropyGrad", "softmax", "t >= 0 && t < c ? v : R(NAN)", "v"},
	// Optimizers, and sums of all.
	{"CPU", "SGD", "optim", "p[i] -= lr * g[i];", "p[i] += lr * g[i];"},
	{"CPU", "SGD", "optim", "(g[i] + mu * v[i])", "(g[i] + v[i])"},
	{"CPU", "AdaGrad", "optim", "s[i] += g[i] * g[i];\n\t\tp[i] -= lr * g[i] / (sqrt(s[i]) + eps)", "s[i] += g[i] * g[i];\n\t\tp[i] -= lr * g[i] / sqrt(s[i] + eps)"},
	{"CPU", "RMSprop", "optim", "keep * s[i] + take * g[i]", "keep * s[i] + g[i]"},
	{"CPU", "Adam", "optim", "sqrt(v[i]) / root", "sqrt(v[i])"},
	{"CPU", "Adam", "optim", "shrink * p[i]", "p[i]"},
	{"CPU", "ClipNorm", "optim", "scale >= 1 ? 1 : scale", "scale < 1 ? scale : 1"},
	{"CPU", "SoftmaxCrossEntropy", "optim", "squares ? x[i] * x[i] : x[i]", "x[i] * x[i]"},
	{"CPU", "SumSquares", "optim", "acc ? *y + v : v", "v"},
	{"GPU", "SumSquares", "optim", "if (ITEM(0) == 0)\n\t\tparts[GROUP(0)] = part;", "if (ITEM(0) == 0)\n\t\tparts[0] = part;"},
}
