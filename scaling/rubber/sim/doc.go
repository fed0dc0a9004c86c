// Package sim runs the planner over a day of tasks, in a world of machines that
// take time to boot, beside other autoscalers and beside the cheapest plan that
// anybody who knew the future could make. It shows what a setting costs before
// anybody pays for it.
package sim
