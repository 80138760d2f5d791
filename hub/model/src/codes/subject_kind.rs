//! Vehicle and subject kinds of other systems (standards 4.1).

use crate::SubjectKind;

/// Of the closed-off park interface P-B: 1 person to 5 freight.
pub fn from_park_system(number: u32) -> Option<SubjectKind> {
    Some(match number {
        1 => SubjectKind::Person,
        2 => SubjectKind::VehOrdinary,
        3 => SubjectKind::VehHazmat,
        4 => SubjectKind::VehHazwaste,
        5 => SubjectKind::VehFreight,
        _ => return None,
    })
}

/// To the numbers of P-B, where it has one.
pub fn to_park_system(kind: SubjectKind) -> Option<u32> {
    Some(match kind {
        SubjectKind::Person => 1,
        SubjectKind::VehOrdinary => 2,
        SubjectKind::VehHazmat => 3,
        SubjectKind::VehHazwaste => 4,
        SubjectKind::VehFreight => 5,
        _ => return None,
    })
}

/// Of the municipal platform P-A: 1 general cargo, 2 hazmat, 3 small vehicle, 4 emergency.
pub fn from_municipal_platform(number: u32) -> Option<SubjectKind> {
    Some(match number {
        1 => SubjectKind::VehFreight,
        2 => SubjectKind::VehHazmat,
        3 => SubjectKind::VehOrdinary,
        4 => SubjectKind::VehEmergency,
        _ => return None,
    })
}

/// To the numbers of P-A, where it has one. Hazardous waste travels there as hazmat transport.
pub fn to_municipal_platform(kind: SubjectKind) -> Option<u32> {
    Some(match kind {
        SubjectKind::VehFreight | SubjectKind::VehConstruction => 1,
        SubjectKind::VehHazmat | SubjectKind::VehHazwaste => 2,
        SubjectKind::VehOrdinary | SubjectKind::VehCommuter => 3,
        SubjectKind::VehEmergency => 4,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{from_municipal_platform, from_park_system, to_municipal_platform, to_park_system};

    #[test]
    fn numbers_there_and_back() {
        for number in 1..=5 {
            assert_eq!(
                from_park_system(number).and_then(to_park_system),
                Some(number)
            );
        }
        for number in 1..=4 {
            assert_eq!(
                from_municipal_platform(number).and_then(to_municipal_platform),
                Some(number)
            );
        }
        assert_eq!(from_park_system(6), None);
    }
}
