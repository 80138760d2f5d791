//! A decision in words for people: what was decided, why, on which clause, what to do now.

use cordon_model::{DecisionOutcome, Direction, PassageDecision, RefusalCode};

/// A decision explained, in English and Chinese.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Explanation {
    /// One sentence: what was decided for what, where.
    pub headline_en: String,
    /// The same in Chinese.
    pub headline_zh: String,
    /// The rules that determined it, the deciding one first.
    pub reasons: Vec<Reason>,
    /// What the driver or guard can do; empty when the barrier opens.
    pub remedy_en: &'static str,
    /// The same in Chinese.
    pub remedy_zh: &'static str,
}

/// One determining rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reason {
    /// The rule's id in the rule set, or `access.…` for what the plug-in itself decided.
    pub rule: String,
    /// What it answered.
    pub code: String,
    /// Clause of the guideline it carries out.
    pub clause: String,
    /// What the answer means.
    pub text_en: &'static str,
    /// The same in Chinese.
    pub text_zh: &'static str,
}

/// Explains a decision. Pure; the plate is not named, so that the text may stand in any log.
pub fn explain(decision: &PassageDecision) -> Explanation {
    let (way_en, way_zh) = match decision.direction {
        Direction::In => ("entering", "进"),
        Direction::Out => ("leaving", "出"),
    };
    let outcome_en = match decision.outcome {
        DecisionOutcome::Open => "opened",
        DecisionOutcome::Refuse => "refused",
        DecisionOutcome::Manual => "left to the guard",
    };
    let why = decision.refusal_code.map(words);
    Explanation {
        headline_en: format!(
            "{outcome_en}: {} {way_en} at gate {} lane {}, mode {}{}",
            decision.subject_kind,
            decision.gate_id,
            decision.lane_id,
            decision.operating_mode,
            why.map_or_else(String::new, |(en, ..)| format!(" — {en}"))
        ),
        headline_zh: format!(
            "{}：{}，卡口{} 车道{}（{way_zh}），模式{}{}",
            decision.outcome.as_chinese(),
            decision.subject_kind.as_chinese(),
            decision.gate_id,
            decision.lane_id,
            decision.operating_mode.as_chinese(),
            why.map_or_else(String::new, |(_, zh, ..)| format!("，{zh}"))
        ),
        reasons: decision
            .rules
            .iter()
            .map(|rule| {
                let code: Option<RefusalCode> = rule.code.parse().ok();
                let (text_en, text_zh, ..) = code.map_or(OPEN, words);
                Reason {
                    rule: rule.rule_id.clone(),
                    code: rule.code.clone(),
                    clause: rule.clause.clone(),
                    text_en,
                    text_zh,
                }
            })
            .collect(),
        remedy_en: why.map_or("", |(_, _, en, _)| en),
        remedy_zh: why.map_or("", |(_, _, _, zh)| zh),
    }
}

/// Meaning and remedy, each in English and Chinese.
type Words = (&'static str, &'static str, &'static str, &'static str);

const OPEN: Words = ("a rule permits the passage", "规则允许通行", "", "");

fn words(code: RefusalCode) -> Words {
    match code {
        RefusalCode::ModeClosed => (
            "the operating mode closes this gate",
            "当前运行模式下卡口关闭",
            "wait for the end of the mode, or use the gate that is open",
            "等待模式结束，或走开放的卡口",
        ),
        RefusalCode::Blacklist => (
            "the vehicle is on a black list",
            "车辆在黑名单中",
            "ask the park for the reason and the way to appeal",
            "向园区了解原因和申诉途径",
        ),
        RefusalCode::NoGrant => (
            "there is no grant in force for this vehicle",
            "该车辆没有有效的通行授权",
            "let the host enterprise apply",
            "请受访企业申请",
        ),
        RefusalCode::NotYet => (
            "the grant is not valid yet",
            "通行授权尚未生效",
            "come within its window",
            "在授权时段内到达",
        ),
        RefusalCode::Expired => (
            "the grant is not valid any more",
            "通行授权已过期",
            "let the host enterprise apply again",
            "请受访企业重新申请",
        ),
        RefusalCode::WrongGate => (
            "the grant or the gate's class does not allow this gate",
            "授权或卡口类型不允许走此卡口",
            "go to a gate of the grant",
            "前往授权的卡口",
        ),
        RefusalCode::WrongLane => (
            "the lane does not serve this kind of vehicle or direction",
            "车道不允许此类车辆或此方向",
            "take the lane for this kind",
            "走对应的车道",
        ),
        RefusalCode::AreaDenied => (
            "the area behind the gate is not part of the grant",
            "授权不包括该区域",
            "let the grant be changed",
            "请申请变更授权区域",
        ),
        RefusalCode::Capacity => (
            "the park or area holds as many as it may",
            "园区或区域已满",
            "wait to be called",
            "在停车场等待叫号",
        ),
        RefusalCode::Document => (
            "waybill or manifest is missing",
            "缺少运单或转移联单",
            "let the carrier send it",
            "请承运人补交",
        ),
        RefusalCode::CheckFailed => (
            "the check before entry is not passed",
            "入园前检查未通过",
            "repeat the check",
            "重新检查",
        ),
        RefusalCode::CredentialMismatch => (
            "the plate is not certain, or trailer or tag do not belong to it",
            "号牌识别不确定，或挂车、电子标签不符",
            "show the guard the papers",
            "向门卫出示证件",
        ),
        RefusalCode::DeviceFault => (
            "the lane's devices or the rules do not work",
            "车道设备或规则引擎故障",
            "use another lane, or let the guard decide",
            "走其他车道，或由门卫处置",
        ),
    }
}
