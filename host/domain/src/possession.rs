use alloy_primitives::U256;

use crate::check::{Reason, Sheet, Step};
use crate::key::Possession;
use crate::set::{Member, OperatorSet, Roster};

/// Keys are added up, so all whose keys are in the sum must have shown that they hold them: all
/// who are registered in a column and did not stay away. One key alone needs to show nothing.
pub(crate) fn examine(set: &OperatorSet, positions: &[usize], absent: &[u32], sheet: &mut Sheet) {
    let shown = match set.roster() {
        Roster::Witnessed {
            possession: Possession::None,
        } => Err(Reason::PossessionUnknown),
        Roster::Witnessed { .. } => Ok(()),
        Roster::Complete => of_present(set, positions, absent),
    };
    sheet.note(Step::Possession, Vec::new(), shown);
}

fn of_present(set: &OperatorSet, positions: &[usize], absent: &[u32]) -> Result<(), Reason> {
    let mask = set.mask(positions);
    let mut away = vec![false; set.members().len()];
    for &seat in absent {
        away[seat as usize] = true;
    }
    let present: Vec<(u32, &Member)> = (0u32..)
        .zip(set.members())
        .filter(|(seat, member)| !away[*seat as usize] && !(member.bitmap & mask).is_zero())
        .collect();
    let unproven = present
        .iter()
        .find(|(_, member)| member.possession == Possession::None);
    match unproven {
        Some(_) if present.len() == 1 => Ok(()),
        Some((seat, _)) => Err(Reason::PossessionUnproven(*seat)),
        None => Ok(()),
    }
}

impl OperatorSet {
    /// The bitmap of some columns.
    pub(crate) fn mask(&self, positions: &[usize]) -> U256 {
        positions.iter().fold(U256::ZERO, |mut mask, &position| {
            mask.set_bit(usize::from(self.columns()[position].number), true);
            mask
        })
    }
}
