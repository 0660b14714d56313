// Package keisan is the root of Keisan (計算, computation): feed-forward and recurrent networks that run the same layers
// on a CPU, on NVIDIA GPUs and on whatever else OpenCL reaches. It holds nothing but this page. Begin with
//
//   - package layers: Affine, RNN, SoftmaxCrossEntropy and the others, forward and backward
//   - package optim: SGD, Adam and the others, and gradient clipping
//   - package tensor: what goes in and comes out
//   - package device: where it runs
//   - package data: batches, in an order that a seed makes
//   - package checkpoint: files of what was learned, and of all that training needs to go on
//
// and with the programs under examples.
package keisan
