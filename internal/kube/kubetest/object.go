package kubetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/k2-platform/faultline/internal/kube"
)

// put gives a pod all that the API sets.
func (c *Cluster) put(o Object) {
	c.state.UIDs++
	meta := o["metadata"].(map[string]any)
	meta["uid"] = fmt.Sprintf("uid-%d", c.state.UIDs)
	meta["resourceVersion"] = fmt.Sprint(c.state.UIDs)
	meta["creationTimestamp"] = time.Now().UTC().Format(time.RFC3339)
	delete(meta, "deletionTimestamp")
	o["kind"], o["apiVersion"] = "Pod", "v1"
	spec := o["spec"].(map[string]any)
	if spec["restartPolicy"] == nil {
		spec["restartPolicy"] = "Always"
	}
	o["status"] = map[string]any{"phase": "Pending"}
	c.state.Pods[meta["namespace"].(string)+"/"+meta["name"].(string)] = o
}

// serve gives a pod the status of one that does, or that runs and does not where
// its label ready says False.
func serve(o Object) {
	meta, ready := o["metadata"].(map[string]any), "True"
	if labels, is := meta["labels"].(map[string]any); is && labels["ready"] != nil {
		ready = labels["ready"].(string)
	}
	var containers []any
	for _, s := range o["spec"].(map[string]any)["containers"].([]any) {
		name := s.(map[string]any)["name"]
		containers = append(containers, map[string]any{
			"name": name, "ready": ready == "True", "containerID": fmt.Sprintf("containerd://%064x", fmt.Sprint(meta["uid"], name)),
			"state": map[string]any{"running": map[string]any{"startedAt": meta["creationTimestamp"]}},
		})
	}
	o["status"] = map[string]any{
		"phase": "Running", "conditions": []any{map[string]any{"type": "Ready", "status": ready}}, "containerStatuses": containers,
	}
}

func podOf(o Object) kube.Pod {
	var p kube.Pod
	raw, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil {
		panic(err) // it was read from JSON
	}
	return p
}

// plain is a value as JSON has it.
func plain(v any) any {
	raw, err := json.Marshal(v)
	var out any
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		panic(err) // it is made of texts
	}
	return out
}

// fits says whether a selector of equalities fits a pod.
func fits(p kube.Pod, selector string) bool {
	for part := range strings.SplitSeq(selector, ",") {
		name, value, _ := strings.Cut(part, "=")
		if part != "" && p.Meta.Labels[name] != value {
			return false
		}
	}
	return true
}
