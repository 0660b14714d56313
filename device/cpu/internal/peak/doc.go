// Package peak does nothing but multiply-adds, to measure how many of them a processor can do.
package peak
