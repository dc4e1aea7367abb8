package main

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var colours = []color.RGBA{{R: 0x1b, G: 0x6c, B: 0xa8, A: 0xff}, {R: 0x7a, G: 0xb0, B: 0xd4, A: 0xff}, {R: 0xc2, G: 0x59, B: 0x1a, A: 0xff}}

// plotRates draws the pages a second of each reader over the latency.
func plotRates(results []result, file string) error {
	p := plot.New()
	p.Title.Text = "Time reports through the API, by latency"
	p.X.Label.Text = "round trip"
	p.Y.Label.Text = "pages a second"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, latencyTicks()
	p.X.Min, p.X.Max = float64(latencies[0].Milliseconds()), 1.25*float64(latencies[len(latencies)-1].Milliseconds()) // room for the last label
	p.Y.Min, p.Y.Max = 0, allowance+0.8
	p.Legend.Padding = vg.Points(2)
	p.Legend.Left, p.Legend.XOffs, p.Legend.YOffs = true, vg.Points(12), vg.Points(8)
	p.Add(plotter.NewGrid())

	limit, err := plotter.NewLine(plotter.XYs{{X: p.X.Min, Y: allowance}, {X: p.X.Max, Y: allowance}})
	if err != nil {
		return err
	}
	limit.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(limit)
	p.Legend.Add("allowance", limit)
	for i, reader := range readers {
		var xys plotter.XYs
		for _, r := range results {
			if r.Reader == reader.name {
				xys = append(xys, plotter.XY{X: float64(r.Latency.Milliseconds()), Y: r.rate()})
			}
		}
		line, points, err := plotter.NewLinePoints(xys)
		if err != nil {
			return err
		}
		line.Color, line.Width = colours[i], vg.Points(2)
		points.Color, points.Shape = colours[i], draw.CircleGlyph{}
		p.Add(line, points)
		p.Legend.Add(reader.name, line, points)
	}
	return p.Save(16*vg.Centimeter, 9*vg.Centimeter, file)
}

// latencyTicks marks the latencies that were measured.
func latencyTicks() plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, latency := range latencies {
		ms := float64(latency.Milliseconds())
		ticks = append(ticks, plot.Tick{Value: ms, Label: latency.String()})
	}
	return ticks
}
