package optim

import "github.com/keisan-go/keisan/device"

// EarlyStopping tells when the loss of what was held out has ceased to fall. Its fields are all that it knows, for a
// checkpoint to keep.
type EarlyStopping struct {
	Patience    int     // evaluations in a row without a better one, after which it is enough; 1 or more
	Evaluations int     // so far
	BestAt      int     // which of them was the best, counted from 1; 0 if none was yet
	Best        float64 // the loss of that
}

// Better notes the loss of an evaluation, and tells whether it is the best so far: the one to save. NaN never is.
func (s *EarlyStopping) Better(loss float64) bool {
	s.Evaluations++
	if !(loss < s.Best || s.BestAt == 0 && loss == loss) {
		return false
	}
	s.Best, s.BestAt = loss, s.Evaluations
	return true
}

// Enough tells whether to stop. It panics if Patience is below 1, as it is where nobody has set it.
func (s *EarlyStopping) Enough() bool {
	if s.Patience < 1 {
		device.Panicf("optim.EarlyStopping: Patience is %d, want 1 or more", s.Patience)
	}
	return s.Evaluations-s.BestAt >= s.Patience
}
