package kubernetes

import (
	"bytes"
	"os"
	"testing"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// TestJob decodes job.yaml into Kubernetes' own types, which refuses fields that they have not and values of another kind,
// and asserts what the API's server asks for beyond that, and what makes the job one for a GPU.
func TestJob(t *testing.T) {
	text, err := os.ReadFile("job.yaml")
	if err != nil {
		t.Fatal(err)
	}
	documents := bytes.Split(text, []byte("\n---\n"))
	if len(documents) != 2 {
		t.Fatalf("job.yaml has %d documents, want a Job and its PersistentVolumeClaim", len(documents))
	}
	var job batch.Job
	if err := yaml.UnmarshalStrict(documents[0], &job); err != nil {
		t.Fatal(err)
	}
	var claim core.PersistentVolumeClaim
	if err := yaml.UnmarshalStrict(documents[1], &claim); err != nil {
		t.Fatal(err)
	}
	if job.APIVersion != "batch/v1" || job.Kind != "Job" || claim.APIVersion != "v1" || claim.Kind != "PersistentVolumeClaim" {
		t.Errorf("%s %s and %s %s", job.APIVersion, job.Kind, claim.APIVersion, claim.Kind)
	}

	pod := job.Spec.Template.Spec
	if pod.RestartPolicy != core.RestartPolicyNever {
		t.Errorf("restartPolicy %q, want Never: a Job takes that or OnFailure alone", pod.RestartPolicy)
	}
	c := pod.Containers[0]
	if gpus := c.Resources.Limits["nvidia.com/gpu"]; gpus.Value() != 1 {
		t.Errorf("%v GPUs, want 1", gpus.Value())
	}
	for name, request := range c.Resources.Requests {
		if limit, ok := c.Resources.Limits[name]; ok && limit.Cmp(request) < 0 {
			t.Errorf("%s: requests %v, limited to %v", name, &request, &limit)
		}
	}

	volumes := map[string]core.VolumeSource{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v.VolumeSource
	}
	for _, m := range c.VolumeMounts {
		if _, ok := volumes[m.Name]; !ok {
			t.Errorf("volume %q is mounted at %s, and is not there", m.Name, m.MountPath)
		}
	}
	if v := volumes["results"].PersistentVolumeClaim; v == nil || v.ClaimName != claim.Name {
		t.Errorf("results are not in the claim %q", claim.Name)
	}
}
