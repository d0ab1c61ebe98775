package scanner

import (
	"context"

	"nhiscan/inventory"
)

// instanceSource is the instance itself: the home that stands above all others.
var instanceSource = Source{
	ID: "instance", Title: "Instance", Shows: "The instance, its version, and who scans.",
	API:   []string{"GET /metadata", "GET /user", "GET /personal_access_tokens/self"},
	Homes: atInstance,
	Collect: func(_ context.Context, v *Visit) error {
		v.Emit(inventory.Home{
			ID: v.Home.ID, Kind: inventory.InstanceHome, Path: v.Self.Instance, Name: v.Self.Instance, URL: v.run.client.URL(),
		})
		return nil
	},
}
