package kube

import (
	"encoding/json"
	"fmt"
)

// Manifest is what the pod is made again of: all that the cluster says of it,
// without what it sets by itself. It stays on its node, so that what it keeps
// there is there again.
func (p Pod) Manifest() (json.RawMessage, error) {
	var all map[string]any
	if err := json.Unmarshal(p.raw, &all); err != nil {
		return nil, fmt.Errorf("reading the manifest of pod %s/%s: %w", p.Meta.Namespace, p.Meta.Name, err)
	}
	delete(all, "status")
	// A list does not say of its items what they are.
	all["apiVersion"], all["kind"] = "v1", "Pod"
	if meta, ok := all["metadata"].(map[string]any); ok {
		for _, set := range []string{
			"uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
			"managedFields", "selfLink", "generateName",
		} {
			delete(meta, set)
		}
	}
	if spec, ok := all["spec"].(map[string]any); ok {
		delete(spec, "ephemeralContainers") // of kubectl debug: they cannot be made with a pod
	}
	return json.Marshal(all)
}
