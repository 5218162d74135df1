use plotters::prelude::*;

use crate::results::ResultsError;

/// A named line of points.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A logarithmic axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis {
    label: &'static str,
}

impl Axis {
    pub(crate) const fn log(label: &'static str) -> Self {
        Self { label }
    }
}

const SIZE: (u32, u32) = (860, 480);

/// An SVG picture. The lines have points above zero.
pub(crate) fn plot(
    title: &str,
    axes: (Axis, Axis),
    lines: &[Line],
) -> Result<String, ResultsError> {
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    draw(&root, title, axes, lines)
        .and_then(|()| root.present().map_err(|error| error.to_string()))
        .map_err(ResultsError::Plot)?;
    drop(root);
    Ok(svg)
}

fn draw(
    root: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    title: &str,
    (x, y): (Axis, Axis),
    lines: &[Line],
) -> Result<(), String> {
    root.fill(&WHITE).map_err(|error| error.to_string())?;
    let all = || lines.iter().flat_map(|line| line.points.iter().copied());
    let mut chart = ChartBuilder::on(root)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d(
            range(all().map(|point| point.0)).log_scale(),
            range(all().map(|point| point.1)).log_scale(),
        )
        .map_err(|error| error.to_string())?;
    chart
        .configure_mesh()
        .x_desc(x.label)
        .y_desc(y.label)
        .draw()
        .map_err(|error| error.to_string())?;
    for (nth, line) in lines.iter().enumerate() {
        let colour = Palette99::pick(nth).to_rgba();
        chart
            .draw_series(LineSeries::new(
                line.points.iter().copied(),
                colour.stroke_width(2),
            ))
            .map_err(|error| error.to_string())?
            .label(&line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour));
        let dots = line
            .points
            .iter()
            .map(|&point| Circle::new(point, 3, colour.filled()));
        chart.draw_series(dots).map_err(|error| error.to_string())?;
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .position(SeriesLabelPosition::UpperLeft)
        .draw()
        .map_err(|error| error.to_string())
}

/// From below the least to above the greatest.
fn range(values: impl Iterator<Item = f64>) -> std::ops::Range<f64> {
    let (low, high) = values.fold((f64::MAX, f64::MIN_POSITIVE), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    low / 1.3..high * 1.6
}
