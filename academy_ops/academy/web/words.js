import { MAX_UPLOAD_MB, MIN_PASSWORD_CHARACTERS } from "./contract.js";

// Everything the page says, in both languages.
export const words = () => WORDS[document.documentElement.lang];

const WORDS = {
  ko: {
    title: "학생 관리", language: "언어", signIn: "로그인", signOut: "로그아웃", token: "인증 토큰",
    students: "학생", empty: "아직 등록된 학생이 없습니다. 엑셀 파일로 한 번에 등록해 보세요.",
    name: "이름", phone: "학부모전화번호", school: "학교 · 학년 · 반", search: "이름으로 찾기", more: "더 보기",
    nobody: "일치하는 학생이 없습니다.", upload: "엑셀 일괄 등록", template: "양식 내려받기(.xlsx)",
    drop: "엑셀 파일을 여기에 끌어다 놓거나 눌러서 고르세요.", password: "초기 비밀번호",
    passwordHint: `등록되는 학생들이 처음 로그인할 때 씁니다. ${MIN_PASSWORD_CHARACTERS}자 이상 입력하세요.`,
    cancel: "취소", send: "등록", close: "닫기",
    badToken: "토큰이 올바르지 않습니다. 확인 후 다시 입력하세요.",
    listTrouble: (why) => `학생 목록을 불러오지 못했습니다(${why}). 새로 고쳐 다시 시도하세요.`,
    noFile: "엑셀 파일을 고르세요.", manyFiles: "파일은 한 번에 하나만 등록할 수 있습니다.",
    notReadable: "파일을 읽을 수 없습니다. 다시 골라 주세요.",
    notXlsx: "엑셀(.xlsx) 파일만 등록할 수 있습니다. .xls나 CSV는 .xlsx로 저장해 주세요.",
    notWorkbook: "내용이 엑셀(.xlsx) 파일이 아니거나 암호가 걸려 있습니다. 엑셀에서 암호 없이 .xlsx로 다시 저장해 주세요.",
    tooLarge: `파일은 ${MAX_UPLOAD_MB}MB 이하여야 합니다.`, shortPassword: `초기 비밀번호는 ${MIN_PASSWORD_CHARACTERS}자 이상이어야 합니다.`,
    refused: (why) => `업로드하지 못했습니다: ${why}`, offline: "연결되지 않음",
    notJson: "서버 응답이 아님",
    states: {
      ASKING: "등록 상태를 확인하고 있습니다.", PENDING: "대기 중: 처리 서버를 기다리고 있습니다.",
      VALIDATING: "파일을 확인하고 있습니다.", RUNNING: "학생을 등록하고 있습니다.", RETRYING: "다시 시도하고 있습니다.",
      REVIEW_REQUIRED: "담당자의 검토를 기다리고 있습니다.",
    },
    steps: { download: "파일 내려받기", parse: "엑셀 읽기", create: "학생 등록" },
    waiting: (minutes) =>
      minutes < 1 ? "처리 서버가 꺼져 있으면 켜지는 데 2~5분 걸립니다. 이 페이지를 닫아도 등록은 계속됩니다."
        : minutes < 10 ? `${minutes}분째 기다리고 있습니다(보통 2~5분 걸립니다). 이 페이지를 닫아도 등록은 계속됩니다.`
        : `${minutes}분째 기다리고 있습니다. 이 페이지를 닫아도 됩니다. 학원 지원팀에 작업 ID를 알려 주세요.`,
    since: (minutes) => `${minutes}분째`, progress: "진행률",
    moreRows: "등록하지 못한 행 더 보기", rowsTrouble: (why) => `다음 행을 불러오지 못했습니다(${why}). 다시 눌러 주세요.`,
    jobs: "업로드 진행 상황", uploads: "최근 업로드", moreUploads: "지난 업로드 더 보기", details: "자세히", jobId: "작업 ID", copy: "복사",
    copied: "복사했습니다", reveal: "비밀번호 표시",
    unknown: (status) => `처리 중입니다(${status}).`,
    done: (created, duplicates, rejected) =>
      `완료: ${created}명 등록` + (duplicates ? `, 이미 있는 학생 ${duplicates}명` : "") +
      (rejected ? `, 행 ${rejected}개는 등록하지 못했습니다.` : "."),
    rejected: (count, most) => `등록하지 못한 행 ${count}개` + (count > most ? ` 중 처음 ${most}개` : ""),
    row: (sheet, row, name, error) => `${[sheet, `${row}행`, name].filter(Boolean).join(" ")}: ${error}`,
    nobodyCreated: (rejected) => `한 명도 등록하지 못했습니다: 행 ${rejected}개를 모두 고쳐야 합니다.`,
    read: (sheets, left) => `읽은 시트: ${sheets}` + (left ? ` · 사용하지 않은 내용 ${left}건` : ""),
    sheetRead: ({ name, created, duplicates, rejected, skipped }) =>
      `'${name}' 시트: ${created}명 등록` + (duplicates ? `, 이미 있는 학생 ${duplicates}명` : "") +
      (rejected ? `, 등록하지 못한 행 ${rejected}개` : "") + (skipped ? `, 건너뛴 행 ${skipped}개` : ""),
    sheetLeft: (name, why) => `'${name}' 시트는 읽지 않았습니다. ${why}`,
    columnsIgnored: (headings) => `사용하지 않은 열: ${headings}`,
    valueLeft: (sheet, row, column) => `${sheet ? `${sheet} ` : ""}${row}행 '${column}' 값은 사용하지 않았습니다`,
    failed: (why) => `등록에 실패했습니다: ${why}`, noReason: "이유를 알 수 없습니다. 학원 지원팀에 알려 주세요.",
    gone: "작업을 찾을 수 없습니다.", trouble: (why) => `상태를 확인하지 못했습니다(${why}). 계속 시도하고 있습니다.`,
  },
  en: {
    title: "Student records", language: "Language", signIn: "Sign in", signOut: "Sign out", token: "Access token",
    students: "Students", empty: "No students yet. Register them all at once from an Excel file.",
    name: "Name", phone: "Parent's phone", school: "School · grade · class", search: "Find by name", more: "Show more",
    nobody: "No matching students.", upload: "Register from Excel", template: "Download the template (.xlsx)",
    drop: "Drop an Excel file here, or click to choose one.", password: "Initial password",
    passwordHint: `Students use it to sign in for the first time. At least ${MIN_PASSWORD_CHARACTERS} characters.`,
    cancel: "Cancel", send: "Register", close: "Close",
    badToken: "This token is not valid. Check it and try again.",
    listTrouble: (why) => `Can't load the students (${why}). Reload the page to try again.`,
    noFile: "Choose an Excel file.", manyFiles: "Choose only one file at a time.",
    notReadable: "Can't read the file. Choose it again.",
    notXlsx: "Only Excel (.xlsx) files can be registered. Save .xls or CSV files as .xlsx.",
    notWorkbook: "This is not an Excel (.xlsx) file, or it is password-protected. Save it again as .xlsx without a password.",
    tooLarge: `The file must be ${MAX_UPLOAD_MB} MB or smaller.`, shortPassword: `The initial password must have at least ${MIN_PASSWORD_CHARACTERS} characters.`,
    refused: (why) => `The upload failed: ${why}`, offline: "no connection",
    notJson: "not a response from the server",
    states: {
      ASKING: "Checking the registration.", PENDING: "Waiting for a processing server.",
      VALIDATING: "Checking the file.", RUNNING: "Registering the students.",
      RETRYING: "Trying again.", REVIEW_REQUIRED: "Waiting for review.",
    },
    steps: { download: "Fetching the file", parse: "Reading the workbook", create: "Registering the students" },
    waiting: (minutes) =>
      minutes < 1 ? "If the processing server is off, it takes 2 to 5 minutes to start. You can close this page; the registration continues."
        : minutes < 10 ? `Waiting for ${minutes} min (2 to 5 is usual). You can close this page; the registration continues.`
        : `Waiting for ${minutes} min. You can close this page. Please give the support team the job id.`,
    since: (minutes) => `for ${minutes} min`, progress: "Progress",
    moreRows: "Show more rejected rows", rowsTrouble: (why) => `More rows can't be loaded (${why}). Try again.`,
    jobs: "Progress of uploads", uploads: "Recent uploads", moreUploads: "Show earlier uploads", details: "Details", jobId: "Job id", copy: "Copy",
    copied: "Copied", reveal: "Show password",
    unknown: (status) => `In progress (${status}).`,
    done: (created, duplicates, rejected) =>
      `Done: ${created} registered` + (duplicates ? `, ${duplicates} already registered` : "") +
      (rejected ? `, ${rejected} rejected.` : "."),
    rejected: (count, most) => `Rejected rows: ${count}` + (count > most ? `, first ${most} shown` : ""),
    row: (sheet, row, name, error) => `${sheet ? `${sheet}, row` : "Row"} ${row}${name ? ` ${name}` : ""}: ${error}`,
    nobodyCreated: (rejected) => `No student was registered: ${rejected === 1 ? "the only row was" : `all ${rejected} rows were`} rejected.`,
    read: (sheets, left) => `Sheets read: ${sheets}` + (left ? ` · not used: ${left}` : ""),
    sheetRead: ({ name, created, duplicates, rejected, skipped }) =>
      `Sheet '${name}': ${created} registered` + (duplicates ? `, ${duplicates} already registered` : "") +
      (rejected ? `, ${rejected} rejected` : "") + (skipped ? `, ${skipped} skipped` : ""),
    sheetLeft: (name, why) => `Sheet '${name}' was not read. ${why}`,
    columnsIgnored: (headings) => `Columns not used: ${headings}`,
    valueLeft: (sheet, row, column) => `${sheet ? `${sheet}, row` : "Row"} ${row}, '${column}': value not used`,
    failed: (why) => `Registration failed: ${why}`, noReason: "the reason is unknown; please tell the support team.",
    gone: "No such job.", trouble: (why) => `Can't read the status (${why}), still trying.`,
  },
};
