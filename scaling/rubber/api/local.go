package api

import "perfmon/scaling/rubber"

// NewStatus is a controller's status as GET /v1/status has it, without what
// only the Service knows.
func NewStatus(s *rubber.Status) *Status { return statusOf(newCrowd(s), defaultMachines, "") }

// NewPlan is a controller's plan as GET /v1/plans has it.
func NewPlan(p *rubber.PlanView) Plan { return planOf(p) }
