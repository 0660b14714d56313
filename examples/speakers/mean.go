package main

// A means knows speakers by the mean frame of all that they said: the classifier to beat.
type means [speakers][coefficients]float64

// meanFrame is the mean of an utterance's frames.
func meanFrame(u utterance) (mean [coefficients]float64) {
	for _, frame := range u.frames {
		for i, v := range frame {
			mean[i] += float64(v) / float64(len(u.frames))
		}
	}
	return mean
}

func newMeans(train []utterance) *means {
	m, count := &means{}, [speakers]float64{}
	for _, u := range train {
		count[u.speaker]++
		for i, v := range meanFrame(u) {
			m[u.speaker][i] += v
		}
	}
	for s := range m {
		for i := range m[s] {
			m[s][i] /= max(count[s], 1)
		}
	}
	return m
}

// speaker is the one whose mean is the nearest to that of an utterance.
func (m *means) speaker(u utterance) int {
	mean := meanFrame(u)
	nearest, least := 0, 0.0
	for s := range m {
		distance := 0.0
		for i, v := range mean {
			distance += (v - m[s][i]) * (v - m[s][i])
		}
		if s == 0 || distance < least {
			nearest, least = s, distance
		}
	}
	return nearest
}

// right is how many utterances are assigned to the one who said them.
func (m *means) right(utterances []utterance) int {
	n := 0
	for _, u := range utterances {
		if m.speaker(u) == u.speaker {
			n++
		}
	}
	return n
}
